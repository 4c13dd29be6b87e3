//! The address of the journal, which stays the same when another server takes over.

use std::path::PathBuf;

use recurring_facade::Secret;
use recurring_fixtures::postgres::{Cluster, address};

/// One address for whichever server is the primary now: a symbolic link to the folder of its socket.
pub(crate) struct Service {
    folder: tempfile::TempDir,
    pub(crate) database: String,
}

impl Service {
    pub(crate) fn new(primary: &Cluster) -> Self {
        let folder = tempfile::Builder::new().prefix("rpg-").tempdir().unwrap();
        let database = primary.database().rsplit('/').next().unwrap().to_owned();
        let service = Self { folder, database };
        service.lead_to(primary);
        service
    }

    fn link(&self) -> PathBuf {
        self.folder.path().join("now")
    }

    pub(crate) fn lead_to(&self, primary: &Cluster) {
        let next = self.folder.path().join("next");
        std::os::unix::fs::symlink(primary.folder(), &next).unwrap();
        std::fs::rename(next, self.link()).unwrap();
    }

    pub(crate) fn address(&self) -> Secret {
        Secret::new(address(&self.link(), &self.database))
    }
}

//! RSA key pairs for the gateways that sign, and the folder with the files from which the clients read them.

use crate::ids::random_bytes;
use rsa::RsaPrivateKey;
use rsa::pkcs8::{DecodePrivateKey, EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tokio::sync::OnceCell;

const BITS: usize = 2048;

/// How many key pairs there are.
pub(crate) const COUNT: usize = 3;

/// Making a key pair takes seconds in an unoptimized build, so a process makes its pairs once; no sandbox of one process
/// has anything to hide from another.
static PAIRS: OnceCell<[RsaPrivateKey; COUNT]> = OnceCell::const_new();

/// The key pairs of this process.
pub(crate) async fn pairs() -> io::Result<[RsaPrivateKey; COUNT]> {
    PAIRS.get_or_try_init(generate).await.cloned()
}

async fn generate() -> io::Result<[RsaPrivateKey; COUNT]> {
    let pair =
        || tokio::task::spawn_blocking(|| RsaPrivateKey::new(&mut OsRng, BITS).map_err(io::Error::other));
    let (first, second, third) = (pair(), pair(), pair());
    Ok([
        first.await.map_err(io::Error::other)??,
        second.await.map_err(io::Error::other)??,
        third.await.map_err(io::Error::other)??,
    ])
}

/// The private key as PKCS#8 in PEM.
pub(crate) fn private_pem(key: &RsaPrivateKey) -> io::Result<String> {
    Ok(key.to_pkcs8_pem(LineEnding::LF).map_err(io::Error::other)?.to_string())
}

/// Reads what [`private_pem`] wrote.
pub(crate) fn from_pem(pem: &str) -> io::Result<RsaPrivateKey> {
    RsaPrivateKey::from_pkcs8_pem(pem).map_err(io::Error::other)
}

/// The public half as SPKI in PEM.
pub(crate) fn public_pem(key: &RsaPrivateKey) -> io::Result<String> {
    key.to_public_key().to_public_key_pem(LineEnding::LF).map_err(io::Error::other)
}

/// The folder for the key files. It is removed with this value when the sandbox created it.
#[derive(Debug)]
pub(crate) struct KeyFolder {
    path: PathBuf,
    temporary: bool,
}

impl KeyFolder {
    /// This folder, created when missing; without one, a new temporary folder that only its owner can read.
    pub(crate) fn create(path: Option<&Path>) -> io::Result<KeyFolder> {
        if let Some(path) = path {
            if !path.is_dir() {
                fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
                private_folder(path)?;
            }
            return Ok(KeyFolder { path: path.to_owned(), temporary: false });
        }
        let name: String = random_bytes()?.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let path = std::env::temp_dir().join(format!("recurring-sandbox-{name}"));
        private_folder(&path)?;
        Ok(KeyFolder { path, temporary: true })
    }

    /// Writes the private key as PKCS#8 in PEM. Gives the path of the file.
    pub(crate) fn write_private(&self, name: &str, key: &RsaPrivateKey) -> io::Result<PathBuf> {
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(io::Error::other)?;
        self.write(name, pem.as_bytes())
    }

    /// Writes the public half of the key as SPKI in PEM. Gives the path of the file.
    pub(crate) fn write_public(&self, name: &str, key: &RsaPrivateKey) -> io::Result<PathBuf> {
        self.write(name, public_pem(key)?.as_bytes())
    }

    /// Writes a file that only its owner can read. An older one of the same name is removed first, since a mode is only
    /// given to a new file.
    fn write(&self, name: &str, text: &[u8]) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path)?.write_all(text)?;
        Ok(path)
    }
}

impl Drop for KeyFolder {
    fn drop(&mut self) {
        if self.temporary {
            // A failure is not worth a message: the keys open nothing but this sandbox.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

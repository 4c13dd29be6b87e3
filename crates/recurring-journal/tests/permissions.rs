//! Who may change the files of a journal in SQLite: real files with real modes.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops by panicking")]

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use recurring_core::{Effect, ErrorKind, Proof};

use recurring_journal::store::{Failover, SqliteStore};
use recurring_journal::{Journal, JournalError, StoreError};

/// A folder of its own with a journal in it that is in use.
async fn journal() -> (tempfile::TempDir, PathBuf, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.db");
    let store = SqliteStore::create(&file).await.unwrap();
    (folder, file, store)
}

fn mode(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    PathBuf::from(format!("{}{end}", path.display()))
}

/// What each way of opening answers, or the empty text where it opens.
async fn refusals(file: &Path) -> [String; 3] {
    let text = |error: Option<StoreError>| {
        error.map_or_else(String::new, |error| {
            assert!(matches!(error, StoreError::Unsafe(_)), "{error:?}");
            let text = error.to_string();
            assert!(text.starts_with("cannot open the journal: "), "{text}");
            assert_eq!(JournalError::from(error).kind(), ErrorKind::Config);
            text
        })
    };
    [
        text(SqliteStore::open(file).await.err()),
        text(SqliteStore::inspect(file).await.err()),
        text(Journal::builder().open(&format!("sqlite:{}", file.display())).await.err().map(|error| {
            match error {
                JournalError::Store(error) => error,
                other => panic!("{other:?}"),
            }
        })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn file_others_can_write_is_refused() {
    let (_folder, file, _store) = journal().await;
    for (wrong, text) in [(0o620, "620"), (0o602, "602"), (0o666, "666"), (0o777, "777")] {
        mode(&file, wrong);
        for refused in refusals(&file).await {
            assert!(refused.contains("chmod 600") && refused.contains(text), "{refused}");
        }
    }
    // What others may read is accepted: an earlier version created files by the user's own mask.
    for right in [0o600, 0o640, 0o644] {
        mode(&file, right);
        assert_eq!(refusals(&file).await, ["", "", ""]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_beside_others_can_write_is_refused() {
    let (_folder, file, _store) = journal().await;
    for end in ["-wal", "-shm"] {
        let beside = with_end(&file, end);
        assert_eq!(beside.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{end}");
        mode(&beside, 0o660);
        for refused in refusals(&file).await {
            assert!(refused.contains("chmod 600") && refused.contains(end), "{refused}");
        }
        mode(&beside, 0o600);
    }
    let beside = with_end(&file, "-journal");
    std::fs::write(&beside, "").unwrap();
    mode(&beside, 0o666);
    assert!(refusals(&file).await.iter().all(|refused| refused.contains("-journal")));
}

#[tokio::test(flavor = "multi_thread")]
async fn link_is_refused() {
    let (folder, file, store) = journal().await;
    let link = folder.path().join("link.db");
    symlink(&file, &link).unwrap();
    assert!(refusals(&link).await.iter().all(|refused| refused.contains("symbolic link")));
    let failover = Failover {
        by: "ann".to_owned(),
        why: "drill".to_owned(),
        planned_were_not_sent: false,
        charged: Vec::new(),
    };
    let refused = SqliteStore::acknowledge_failover(&link, &failover).await.unwrap_err();
    assert!(matches!(refused, StoreError::Unsafe(_)), "{refused:?}");
    drop(store);
    // A log that leads elsewhere.
    let (elsewhere, log) = (folder.path().join("elsewhere"), with_end(&file, "-wal"));
    std::fs::write(&elsewhere, "").unwrap();
    let _ = std::fs::remove_file(&log);
    symlink(&elsewhere, &log).unwrap();
    assert!(refusals(&file).await.iter().all(|refused| refused.contains("-wal is a symbolic link")));
}

#[tokio::test(flavor = "multi_thread")]
async fn folder_others_can_write_is_refused() {
    let (folder, file, store) = journal().await;
    for wrong in [0o770, 0o702, 0o777] {
        mode(folder.path(), wrong);
        for refused in refusals(&file).await {
            assert!(refused.contains("chmod go-w"), "{refused}");
        }
        let new = SqliteStore::create(folder.path().join("new.db")).await.unwrap_err();
        assert!(matches!(new, StoreError::Unsafe(_)), "{new:?}");
        assert!(!folder.path().join("new.db").exists());
    }
    // A copy is written there all the same: it proves nothing before it is moved and acknowledged.
    store.backup(folder.path().join("copy.db")).await.unwrap();
    for right in [0o1777, 0o755, 0o700] {
        mode(folder.path(), right);
        assert_eq!(refusals(&file).await, ["", "", ""], "{right:o}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn log_of_another_user_is_refused() {
    let (folder, file, store) = journal().await;
    drop(store);
    let log = with_end(&file, "-wal");
    std::fs::write(&log, "").unwrap();
    mode(folder.path(), 0o1777);
    // Only root can give a file away; for others the modes alone are tested.
    if std::os::unix::fs::chown(&log, Some(65_534), None).is_ok() {
        assert!(refusals(&file).await.iter().all(|refused| refused.contains("belongs to another user")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn root_works_on_the_journal_of_a_service() {
    use std::os::unix::fs::MetadataExt;
    let (_folder, file, store) = journal().await;
    drop(store);
    // Only root can give a file away.
    if std::os::unix::fs::chown(&file, Some(65_534), None).is_ok() {
        let store = SqliteStore::open(&file).await.unwrap();
        for end in ["-wal", "-shm"] {
            assert_eq!(with_end(&file, end).metadata().unwrap().uid(), 65_534, "{end}");
        }
        assert_eq!(refusals(&file).await, ["", "", ""]);
        drop(store);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_journal_moves_no_money() {
    let (_folder, file, _store) = journal().await;
    mode(&file, 0o666);
    let error = Journal::builder().open(&format!("sqlite:{}", file.display())).await.unwrap_err();
    assert_eq!(error.effect(), Effect::NotApplied(Proof::NeverSent));
}

//! The key pairs of the gateways that sign, and the files that the clients read them from.

use crate::ids::random_bytes;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use rsa::{RsaPrivateKey, RsaPublicKey};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tokio::sync::OnceCell;

const BITS: usize = 2048;

/// Making a key pair takes seconds in an unoptimised build, so a process makes its pairs once; no sandbox of one process
/// has anything to hide from another.
static PAIRS: OnceCell<Pairs> = OnceCell::const_new();

struct Pairs {
    merchant: RsaPrivateKey,
    tokenpay: RsaPrivateKey,
    revio: RsaPrivateKey,
}

pub(crate) struct Keys {
    pub(crate) merchant: RsaPublicKey,
    pub(crate) tokenpay: RsaPrivateKey,
    pub(crate) revio: RsaPrivateKey,
    pub(crate) files: KeyFiles,
}

/// The files; the folder goes with them when the sandbox made it.
#[derive(Debug)]
pub(crate) struct KeyFiles {
    pub(crate) merchant_private: PathBuf,
    pub(crate) gateway_public: PathBuf,
    pub(crate) revio_public: PathBuf,
    own_folder: Option<PathBuf>,
}

impl Drop for KeyFiles {
    fn drop(&mut self) {
        if let Some(folder) = &self.own_folder {
            // Nothing can be done about a failure here, and the keys open nothing but this sandbox.
            let _ = fs::remove_dir_all(folder);
        }
    }
}

impl Keys {
    pub(crate) async fn create(folder: Option<&Path>) -> io::Result<Keys> {
        let Pairs { merchant, tokenpay, revio } = PAIRS.get_or_try_init(generate).await?;
        let (folder, own_folder) = match folder {
            Some(folder) => {
                fs::create_dir_all(folder)?;
                (folder.to_owned(), None)
            }
            None => {
                let name: String = random_bytes()?.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
                let folder = std::env::temp_dir().join(format!("recurring-sandbox-{name}"));
                private_folder(&folder)?;
                (folder.clone(), Some(folder))
            }
        };
        let files = KeyFiles {
            merchant_private: folder.join("sandbox_tokenpay_merchant_private_key.pem"),
            gateway_public: folder.join("sandbox_tokenpay_gateway_public_key.pem"),
            revio_public: folder.join("sandbox_revio_webhook_public_key.pem"),
            own_folder,
        };
        let private = merchant.to_pkcs8_pem(LineEnding::LF).map_err(io::Error::other)?;
        write(&files.merchant_private, private.as_bytes())?;
        write(&files.gateway_public, public_pem(tokenpay)?.as_bytes())?;
        write(&files.revio_public, public_pem(revio)?.as_bytes())?;
        let merchant = merchant.to_public_key();
        Ok(Keys { merchant, tokenpay: tokenpay.clone(), revio: revio.clone(), files })
    }
}

/// The public half as SPKI in PEM.
pub(crate) fn public_pem(key: &RsaPrivateKey) -> io::Result<String> {
    key.to_public_key().to_public_key_pem(LineEnding::LF).map_err(io::Error::other)
}

async fn generate() -> io::Result<Pairs> {
    let pair =
        || tokio::task::spawn_blocking(|| RsaPrivateKey::new(&mut OsRng, BITS).map_err(io::Error::other));
    let (merchant, tokenpay, revio) = (pair(), pair(), pair());
    Ok(Pairs {
        merchant: merchant.await.map_err(io::Error::other)??,
        tokenpay: tokenpay.await.map_err(io::Error::other)??,
        revio: revio.await.map_err(io::Error::other)??,
    })
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.create(path)
}

/// Writes a file that only its owner can read. An older one of the same name is taken away first, since a mode is
/// only given to a new file.
fn write(path: &Path, text: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text)
}

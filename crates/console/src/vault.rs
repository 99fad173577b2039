//! Secrets at rest: sealed with AES-256-GCM under a key that the database does not hold.
//!
//! A sealed text is `v1.KEY-ID.BASE64(nonce ‖ ciphertext ‖ tag)`. What it belongs to is authenticated with it, so a
//! ciphertext copied into another row does not open. The key comes from a file, the environment or a systemd
//! credential; without any, the first start writes one into the data folder, readable by its owner only.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use zeroize::Zeroizing;

use crate::{ConsoleError, fresh};

/// File of the key that was made here.
const OWN_KEY: &str = "vault.key";
/// The key that a rotation is moving to: as long as it lies there, it opens too.
const NEXT_KEY: &str = "vault.key.next";
/// Name of the systemd credential.
const CREDENTIAL: &str = "rolebook-vault-key";

/// Where the vault's key comes from.
#[derive(Clone, Default)]
pub struct VaultKeySource {
    /// `--vault-key-file`.
    pub file: Option<PathBuf>,
    /// `ROLEBOOK_VAULT_KEY`.
    pub text: Option<Zeroizing<String>>,
    /// `CREDENTIALS_DIRECTORY`, which systemd sets.
    pub credentials: Option<PathBuf>,
}

impl std::fmt::Debug for VaultKeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VaultKeySource").field("file", &self.file).finish_non_exhaustive()
    }
}

/// Seals and opens secrets.
pub(crate) struct Vault {
    key: Key,
    /// The key of a rotation that was cut off: what it has sealed already opens.
    next: Option<Key>,
    /// The key lies in the data folder.
    pub(crate) own: bool,
    /// Set when this start made the key.
    pub(crate) made: Option<PathBuf>,
}

/// One key.
struct Key {
    key: LessSafeKey,
    id: String,
}

impl Vault {
    /// Takes the first key that is configured, else the one of the data folder, else makes one there.
    pub(crate) fn open(source: &VaultKeySource, data: &Path) -> Result<Self, ConsoleError> {
        if let Some(configured) = Self::configured(source)? {
            return Ok(configured);
        }
        let path = data.join(OWN_KEY);
        let made = !path.exists();
        if made {
            Key::write_new(&path)?;
        }
        let next = Self::next_path(data);
        let next = if next.exists() { Some(Key::read(&next)?) } else { None };
        Ok(Self { key: Key::read(&path)?, next, own: true, made: made.then_some(path) })
    }

    /// The same vault under a new key: the one in this file, which is made when it is not there.
    pub(crate) fn moved_to(path: &Path) -> Result<Self, ConsoleError> {
        if !path.exists() {
            Key::write_new(path)?;
        }
        Ok(Self { key: Key::read(path)?, next: None, own: false, made: None })
    }

    /// Which key a sealed text names.
    pub(crate) fn key_of(sealed: &str) -> Option<&str> {
        sealed.strip_prefix("v1.")?.split('.').next()
    }

    /// Whether the key that a sealed text names is here.
    pub(crate) fn knows(&self, sealed: &str) -> bool {
        let key = Self::key_of(sealed);
        [Some(&self.key), self.next.as_ref()]
            .into_iter()
            .flatten()
            .any(|known| Some(known.id.as_str()) == key)
    }

    /// The vault under the key that is configured from outside of the data folder, if one is.
    pub(crate) fn configured(source: &VaultKeySource) -> Result<Option<Self>, ConsoleError> {
        let credential = source.credentials.as_ref().map(|folder| folder.join(CREDENTIAL));
        let key = match (&source.file, &source.text, credential.filter(|path| path.exists())) {
            (Some(path), _, _) => Key::read(path)?,
            (None, Some(text), _) => Key::of(text, "ROLEBOOK_VAULT_KEY")?,
            (None, None, Some(path)) => Key::read(&path)?,
            (None, None, None) => return Ok(None),
        };
        Ok(Some(Self { key, next: None, own: false, made: None }))
    }

    /// Where a rotation keeps the new key of a data folder until every secret is sealed under it.
    pub(crate) fn next_path(data: &Path) -> PathBuf {
        data.join(NEXT_KEY)
    }

    /// Ends a rotation in the data folder: the new key takes the place of the old one, which is gone.
    pub(crate) fn settle(data: &Path) -> Result<PathBuf, ConsoleError> {
        let own = data.join(OWN_KEY);
        std::fs::rename(Self::next_path(data), &own).map_err(ConsoleError::file("replace", &own))?;
        Ok(own)
    }

    /// Which key this is, in eight characters that say nothing of it.
    pub(crate) fn key_id(&self) -> &str {
        &self.key.id
    }

    /// Seals a secret for one place, as in `connector/con_1/token`.
    pub(crate) fn seal(&self, place: &str, secret: &str) -> Result<String, ConsoleError> {
        let nonce = fresh::bytes::<NONCE_LEN>()?;
        let mut sealed = Zeroizing::new(secret.as_bytes().to_vec());
        let tag = self
            .key
            .key
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut sealed,
            )
            .map_err(|_| ConsoleError::Sealed("it could not be sealed"))?;
        let whole = [nonce.as_slice(), &sealed, tag.as_ref()].concat();
        Ok(format!("v1.{}.{}", self.key.id, BASE64URL_NOPAD.encode(&whole)))
    }

    /// Opens what was sealed for the same place.
    pub(crate) fn open_sealed(&self, place: &str, sealed: &str) -> Result<Zeroizing<String>, ConsoleError> {
        let mut parts = sealed.splitn(3, '.');
        let (Some("v1"), Some(key_id), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(ConsoleError::Sealed("its form is unknown"));
        };
        let Some(key) = [Some(&self.key), self.next.as_ref()].into_iter().flatten().find(|k| k.id == key_id)
        else {
            return Err(ConsoleError::Sealed("it was sealed under another vault key"));
        };
        let damaged = ConsoleError::Sealed("it is damaged");
        let Ok(bytes) = BASE64URL_NOPAD.decode(body.as_bytes()) else { return Err(damaged) };
        let Some((nonce, rest)) = bytes.split_first_chunk::<NONCE_LEN>() else { return Err(damaged) };
        let mut rest = Zeroizing::new(rest.to_vec());
        let Ok(plain) = key.key.open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(place.as_bytes()),
            &mut rest,
        ) else {
            return Err(damaged);
        };
        match std::str::from_utf8(plain) {
            Ok(text) => Ok(Zeroizing::new(text.to_owned())),
            Err(_) => Err(damaged),
        }
    }
}

impl Key {
    fn read(path: &Path) -> Result<Self, ConsoleError> {
        let place = path.display().to_string();
        let text = std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| {
            ConsoleError::VaultKey { place: place.clone(), reason: format!("cannot be read: {error}") }
        })?;
        Self::of(&text, &place)
    }

    fn of(text: &str, place: &str) -> Result<Self, ConsoleError> {
        let refuse =
            |reason: &str| ConsoleError::VaultKey { place: place.to_owned(), reason: reason.to_owned() };
        let bytes =
            Zeroizing::new(BASE64.decode(text.trim().as_bytes()).map_err(|_| refuse("it is not base64"))?);
        if bytes.len() != 32 {
            return Err(refuse(&format!("it has {} bytes instead of 32", bytes.len())));
        }
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| refuse("it cannot be used"))?;
        let mut named = digest::Context::new(&digest::SHA256);
        named.update(b"rolebook vault key id");
        named.update(&bytes);
        let id = HEXLOWER.encode(named.finish().as_ref().get(..4).unwrap_or_default());
        Ok(Self { key: LessSafeKey::new(key), id })
    }

    /// Makes a key in a new file.
    fn write_new(path: &Path) -> Result<(), ConsoleError> {
        write_private(path, &Zeroizing::new(BASE64.encode(Zeroizing::new(fresh::bytes::<32>()?).as_ref())))
    }
}

/// Writes a new file that only its owner can read. It appears whole or not at all: half a key would keep the console
/// from starting.
fn write_private(path: &Path, text: &str) -> Result<(), ConsoleError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // For its owner only, from its first byte.
    let mut file = tempfile::Builder::new()
        .prefix(".vault-key-")
        .tempfile_in(folder)
        .map_err(ConsoleError::file("create", path))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.as_file().sync_all())
        .map_err(ConsoleError::file("write", path))?;
    file.persist_noclobber(path).map_err(|error| ConsoleError::file("create", path)(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(folder: &Path) -> Vault {
        Vault::open(&VaultKeySource::default(), folder).unwrap()
    }

    #[test]
    fn opens_what_it_sealed_and_only_there() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        let sealed = vault.seal("connector/a/token", "00secret").unwrap();
        assert!(!sealed.contains("00secret"));
        assert_eq!(*vault.open_sealed("connector/a/token", &sealed).unwrap(), "00secret");
        assert!(vault.open_sealed("connector/b/token", &sealed).is_err());
        assert_ne!(sealed, vault.seal("connector/a/token", "00secret").unwrap());
    }

    #[test]
    fn a_flipped_character_does_not_open() {
        let folder = tempfile::tempdir().unwrap();
        let vault = vault(folder.path());
        let sealed = vault.seal("x", "00secret").unwrap();
        let flipped = if sealed.ends_with('A') { "B" } else { "A" };
        assert!(vault.open_sealed("x", &format!("{}{flipped}", &sealed[..sealed.len() - 1])).is_err());
    }

    #[test]
    fn the_key_made_here_is_private_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let first = vault(folder.path());
        let path = first.made.clone().unwrap();
        let sealed = first.seal("x", "s").unwrap();
        let second = vault(folder.path());
        assert!(second.made.is_none());
        assert_eq!(*second.open_sealed("x", &sealed).unwrap(), "s");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn another_key_is_told_apart() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sealed = vault(one.path()).seal("x", "s").unwrap();
        let error = vault(two.path()).open_sealed("x", &sealed).unwrap_err();
        assert!(error.to_string().contains("another vault key"), "{error}");
    }

    #[test]
    fn a_short_key_is_refused() {
        let source =
            VaultKeySource { text: Some(Zeroizing::new("c2hvcnQ=".into())), ..VaultKeySource::default() };
        let error = Vault::open(&source, Path::new(".")).err().unwrap();
        assert_eq!(error.to_string(), "the vault key from ROLEBOOK_VAULT_KEY: it has 5 bytes instead of 32");
    }
}

//! Folds of crossbars with wires in a folder, one file each, named by the hash of what was folded.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::circuit::wires::{EffectiveMatrix, NetworkKey, Shelf};
use crate::diag::{Diagnostic, Result};

/// First bytes of a file; the number is that of the format.
const MAGIC: &[u8; 8] = b"aswires1";

/// A folder of folds. Files appear under their names only when complete; what cannot be read is folded again.
#[derive(Debug)]
pub struct FoldFolder {
    folder: PathBuf,
    drafts: AtomicUsize,
}

impl FoldFolder {
    /// A folder, made if it is not there.
    ///
    /// # Errors
    /// `F003` if it cannot be made.
    pub fn open(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|e| {
            Diagnostic::error("F003", format!("{}: {e}", folder.display())).help("name a folder that can be written")
        })?;
        Ok(Self { folder: folder.to_path_buf(), drafts: AtomicUsize::new(0) })
    }
}

impl Shelf for FoldFolder {
    fn get(&self, key: &NetworkKey) -> Option<EffectiveMatrix> {
        let bytes = fs::read(self.folder.join(key.to_string())).ok()?;
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let numbers: Vec<[u8; 8]> = rest.as_chunks().0.to_vec();
        let [rows, cols, error_bound, g_eff @ ..] = numbers.as_slice() else { return None };
        let [rows, cols] = [rows, cols].map(|n| u64::from_le_bytes(*n) as usize);
        let sound = magic == MAGIC && rest.len().is_multiple_of(8) && rows.checked_mul(cols) == Some(g_eff.len());
        let float = |b: &[u8; 8]| f64::from_le_bytes(*b);
        sound.then(|| EffectiveMatrix {
            rows,
            cols,
            g_eff: g_eff.iter().map(float).collect(),
            error_bound: float(error_bound),
        })
    }

    fn put(&self, key: &NetworkKey, folded: &EffectiveMatrix) {
        let mut bytes = MAGIC.to_vec();
        [folded.rows, folded.cols].iter().for_each(|n| bytes.extend((*n as u64).to_le_bytes()));
        std::iter::once(&folded.error_bound).chain(&folded.g_eff).for_each(|v| bytes.extend(v.to_le_bytes()));
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let draft = self.folder.join(format!("draft-{}-{number}", std::process::id()));
        // a full disk costs time later, not the run
        if fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, self.folder.join(key.to_string()))).is_err() {
            let _ = fs::remove_file(&draft);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::wires::{FoldCache, Folder, Network};
    use crate::simd::Isa;

    #[test]
    fn folds_are_found_again_and_damage_is_mended() {
        let place = std::env::temp_dir().join(format!("archsim_folds_{}", std::process::id()));
        let network = Network::passive(5, 7, vec![2e-5; 35], 1.0, 2.0);
        let mut folder = Folder::default();
        let fold = |folder: &mut Folder| {
            let cache = FoldCache::on(Box::new(FoldFolder::open(&place).unwrap()));
            (*cache.fold(&network, folder, Isa::best()).unwrap()).clone()
        };
        let first = fold(&mut folder);
        let file = place.join(NetworkKey::of(&network).to_string());
        // a mark that only reading can bring
        let mut bytes = fs::read(&file).unwrap();
        bytes[24..32].copy_from_slice(&0.25f64.to_le_bytes());
        fs::write(&file, &bytes).unwrap();
        assert_eq!(fold(&mut folder), EffectiveMatrix { error_bound: 0.25, ..first.clone() });
        for damaged in [&bytes[..bytes.len() - 8], &bytes[..4], b"aswires2aaaaaaaa"] {
            fs::write(&file, damaged).unwrap();
            assert_eq!(fold(&mut folder), first);
        }
        assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
        fs::remove_dir_all(&place).unwrap();
        fs::write(&place, "").unwrap();
        assert!(FoldFolder::open(&place).is_err());
        fs::remove_file(&place).unwrap();
    }
}

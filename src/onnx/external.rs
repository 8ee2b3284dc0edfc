//! Tensor data outside the model file: only inside the model's own folder.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

/// Where the bytes of a tensor are (`external_data` of a `TensorProto`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Location {
    /// Path relative to the model's folder.
    pub location: String,
    /// First byte.
    pub offset: u64,
    /// Number of bytes; to the end of the file if absent.
    pub length: Option<u64>,
}

/// Reads the bytes of one tensor, at most `budget` of them.
///
/// # Errors
/// What is wrong, in words: a path that leaves the folder, directly or through links; a file that
/// is missing or too short; more bytes than the budget.
pub fn load(folder: &Path, from: &Location, budget: u64) -> Result<Vec<u8>, String> {
    let path = inside(folder, &from.location)?;
    let fail = |e: std::io::Error| format!("`{}` cannot be read: {e}", from.location);
    let mut file = File::open(&path).map_err(fail)?;
    let meta = file.metadata().map_err(fail)?;
    if !meta.is_file() {
        return Err(format!("`{}` is not a regular file", from.location));
    }
    let available = meta.len().checked_sub(from.offset);
    let available = available.ok_or_else(|| {
        format!("`{}` has {} bytes, fewer than the offset {}", from.location, meta.len(), from.offset)
    })?;
    let length = from.length.unwrap_or(available);
    if length > available {
        return Err(format!(
            "`{}` has {} bytes, but bytes {} to {} are wanted",
            from.location,
            meta.len(),
            from.offset,
            u128::from(from.offset) + u128::from(length)
        ));
    }
    if length > budget {
        return Err(format!(
            "`{}` brings the external data over the limit by {} bytes",
            from.location,
            length - budget
        ));
    }
    file.seek(SeekFrom::Start(from.offset)).map_err(fail)?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 != length {
        return Err(format!("`{}` became shorter while it was read", from.location));
    }
    Ok(bytes)
}

/// The real path of a location, refused unless it lies in the folder.
fn inside(folder: &Path, location: &str) -> Result<PathBuf, String> {
    let relative = Path::new(location);
    // A backslash or a drive letter is a separator on Windows; a file must not mean two things.
    let odd = location.contains(['\\', '\0', ':']);
    if location.is_empty()
        || odd
        || !relative.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
    {
        return Err(format!("`{location}` must be a path inside the folder of the model, without `..`"));
    }
    let fail = |e: std::io::Error| format!("`{location}` cannot be read: {e}");
    let base = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let base = base.canonicalize().map_err(fail)?;
    let real = base.join(relative).canonicalize().map_err(fail)?;
    if !real.starts_with(&base) {
        return Err(format!("`{location}` leads out of the folder of the model through a link"));
    }
    Ok(real)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("archsim-external-{}-{name}", std::process::id()));
        std::fs::create_dir_all(path.join("model")).expect("a temporary folder can be made");
        path
    }

    fn at(location: &str, offset: u64, length: Option<u64>) -> Location {
        Location { location: location.into(), offset, length }
    }

    #[test]
    fn reads_a_range_and_refuses_what_is_too_long() {
        let dir = folder("range");
        let model = dir.join("model");
        std::fs::write(model.join("w.bin"), [1, 2, 3, 4, 5]).expect("writable");
        assert_eq!(load(&model, &at("w.bin", 1, Some(3)), 10), Ok(vec![2, 3, 4]));
        assert_eq!(load(&model, &at("./w.bin", 4, None), 10), Ok(vec![5]));
        assert!(load(&model, &at("w.bin", 1, Some(5)), 10).is_err());
        assert!(load(&model, &at("w.bin", 9, None), 10).is_err());
        assert!(load(&model, &at("w.bin", u64::MAX, Some(u64::MAX)), 10).is_err());
        assert!(load(&model, &at("w.bin", 0, None), 4).is_err_and(|e| e.contains("over the limit")));
        assert!(load(&model, &at("", 0, None), 4).is_err());
        std::fs::remove_dir_all(dir).expect("removable");
    }

    #[test]
    fn stays_in_the_folder() {
        let dir = folder("escape");
        let model = dir.join("model");
        let secret = dir.join("secret.bin");
        std::fs::write(&secret, [9; 8]).expect("writable");
        for bad in
            ["../secret.bin", "a/../../secret.bin", secret.to_str().expect("UTF-8"), "..\\secret.bin", "c:secret.bin"]
        {
            assert!(load(&model, &at(bad, 0, None), 100).is_err_and(|e| e.contains("inside the folder")), "{bad}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(&secret, model.join("link.bin")).expect("links work");
            std::os::unix::fs::symlink(&dir, model.join("up")).expect("links work");
            for bad in ["link.bin", "up/secret.bin"] {
                assert!(load(&model, &at(bad, 0, None), 100).is_err_and(|e| e.contains("through a link")), "{bad}");
            }
        }
        std::fs::remove_dir_all(dir).expect("removable");
    }
}

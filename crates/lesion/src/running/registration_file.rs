//! The file of a study's registration.

use std::path::Path;

use study_record::Registration;
use study_report::{StudyFolder, hash};

use crate::{error::LesionError, running::place::Place};

/// Reads the registration of a study, with the SHA-256 of its file; none if there is no file.
///
/// # Errors
/// If the file cannot be read, or is not a registration.
pub fn read_registration(path: &Path) -> Result<Option<(Registration, String)>, LesionError> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = std::fs::read(path).map_err(LesionError::read(path))?;
    let registration = serde_json::from_slice(&bytes)
        .map_err(|source| LesionError::Registration { path: path.to_owned(), source })?;
    Ok(Some((registration, hash::of_bytes(&bytes))))
}

/// Writes a registration, and returns the SHA-256 of its file.
///
/// # Errors
/// If the file exists, because a registration is not replaced, or cannot be written.
pub fn write_registration(path: &Path, registration: &Registration) -> Result<String, LesionError> {
    if path.exists() {
        return Err(LesionError::Registered { path: path.to_owned() });
    }
    let mut bytes = serde_json::to_vec_pretty(registration)
        .map_err(|source| LesionError::Json { file: "registration", source })?;
    bytes.push(b'\n');
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    StudyFolder(folder).put(&name, &bytes)?;
    Ok(hash::of_bytes(&bytes))
}

//! Root certificates of the user's network.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

use crate::error::HubError;

/// Root certificates that are trusted besides Mozilla's.
#[derive(Clone, Debug)]
pub struct Certificates(Vec<Certificate<'static>>);

impl Certificates {
    /// Reads a file of certificates in PEM form, or all such files in a folder. `variable` names it.
    pub(crate) fn read(variable: &'static str, path: &Path) -> Result<Self, HubError> {
        let certificates_error =
            |source| HubError::Certificates { variable, path: path.to_owned(), source };
        let certificates = read_certificates(path).map_err(certificates_error)?;
        if certificates.is_empty() {
            let message = "there is no certificate in PEM form";
            return Err(certificates_error(io::Error::other(message)));
        }
        Ok(Self(certificates))
    }

    /// These certificates and Mozilla's.
    pub(crate) fn roots(&self) -> RootCerts {
        let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
        let mozilla = mozilla.iter().map(|der| Certificate::from_der(der).to_owned());
        RootCerts::Specific(Arc::new(mozilla.chain(self.0.iter().cloned()).collect()))
    }
}

fn read_certificates(path: &Path) -> io::Result<Vec<Certificate<'static>>> {
    let mut files: Vec<PathBuf> = vec![path.to_owned()];
    if path.is_dir() {
        files = fs::read_dir(path)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<PathBuf>>>()?
            .into_iter()
            .filter(|file| file.is_file())
            .collect();
    }
    let mut certificates = Vec::new();
    for file in files {
        let pem = fs::read(&file)?;
        for item in parse_pem(&pem) {
            // A damaged item of a bundle does not make the others useless.
            if let Ok(PemItem::Certificate(certificate)) = item {
                certificates.push(certificate);
            }
        }
    }
    Ok(certificates)
}

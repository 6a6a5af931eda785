//! How to cite the program itself.

use super::bibliography::PROGRAM;

/// The entry of a version of the program in a bibliography.
pub(crate) fn program_bibtex(version: &str) -> String {
    PROGRAM.bibtex(&[("note", &format!("Version {version}"))])
}

/// `CITATION.cff` of this version, which tells hosts of code how to cite the program.
#[must_use]
pub fn citation_cff() -> String {
    let field = |name| PROGRAM.field(name).unwrap_or_default();
    format!(
        "cff-version: 1.2.0\nmessage: Please cite this program if you use it.\ntitle: \"{}\"\n\
         type: software\nversion: {}\nauthors:\n  - name: {}\nlicense:\n  - MIT\n  - Apache-2.0\n",
        field("title"),
        env!("CARGO_PKG_VERSION"),
        field("author")
    )
}

/// The entry of this version of the program in a bibliography, as `BibTeX`.
#[must_use]
pub fn cite() -> String {
    program_bibtex(env!("CARGO_PKG_VERSION"))
}

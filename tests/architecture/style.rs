//! Rules of style for one file.

use proc_macro2::Span;
use syn::{
    Attribute, Expr, ExprLit, ExprMethodCall, Lit, Meta, PatIdent,
    visit::{self, Visit},
};

/// Names of variables that do not say what they are.
const EMPTY_NAMES: [&str; 4] = ["of", "own", "here", "them"];

/// Lines of a file that break a rule, as `line: rule`.
pub(crate) fn findings(text: &str) -> Vec<String> {
    let mut style = Style::default();
    style.visit_file(&syn::parse_file(text).expect("the compiler has read it"));
    style.findings
}

#[derive(Default)]
struct Style {
    findings: Vec<String>,
    /// Last line of a doc comment that was read.
    doc_line: Option<usize>,
    /// Whether the next sentence is the first of `# Errors` or `# Panics`.
    section_begins: bool,
}

impl Style {
    fn find(&mut self, span: Span, rule: &str) {
        self.findings.push(format!("{}: {rule}", span.start().line));
    }

    fn check_doc(&mut self, doc: &str, span: Span) {
        let line = span.start().line;
        let begins = self.doc_line.is_none_or(|last| last + 1 != line);
        self.doc_line = Some(line);
        if begins {
            self.section_begins = false;
            if doc.starts_with("What ") || doc.starts_with("Where ") {
                self.find(span, "docs name the thing, not \"what\"");
            }
        }
        if self.section_begins && !doc.is_empty() {
            self.section_begins = false;
            if !doc.starts_with("If ") && !doc.contains(" if ") {
                self.find(span, "`# Errors` and `# Panics` start with \"If\"");
            }
        }
        self.section_begins |= doc == "# Errors" || doc == "# Panics";
    }
}

impl<'ast> Visit<'ast> for Style {
    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("doc")
            && let Meta::NameValue(meta) = &attribute.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(doc), .. }) = &meta.value
        {
            self.check_doc(doc.value().trim(), doc.span());
        }
    }

    fn visit_pat_ident(&mut self, pattern: &'ast PatIdent) {
        if EMPTY_NAMES.iter().any(|name| pattern.ident == name) {
            self.find(pattern.ident.span(), "a variable is named after what it is");
        }
        visit::visit_pat_ident(self, pattern);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if let Expr::MethodCall(receiver) = &*call.receiver
            && receiver.method == "then_some"
            && call.method.to_string().starts_with("ok_or")
        {
            self.find(receiver.method.span(), "`if .. { return Err(..) }` instead of combinators");
        }
        visit::visit_expr_method_call(self, call);
    }
}

#[test]
fn each_rule_finds_its_line() {
    let broken = "\
        /// What it does.
        ///
        /// # Errors
        ///
        /// Where it fails.
        fn broken(of: u8) -> Result<u8, u8> {
            (of > 1).then_some(()).ok_or(2)?;
            Ok(of)
        }";
    let mut lines: Vec<usize> = Vec::new();
    for finding in findings(broken) {
        let (line, _) = finding.split_once(':').expect("a line and a rule");
        lines.push(line.parse().expect("a line number"));
    }
    assert_eq!(lines, [1, 5, 6, 7]);
}

#[test]
fn plain_code_has_no_findings() {
    let plain = "\
        /// Sum of a pair.
        ///
        /// # Errors
        ///
        /// If it is zero.
        fn plain((left, right): (u8, u8)) -> Result<u8, u8> {
            if left + right == 0 {
                return Err(0);
            }
            Ok(left + right)
        }";
    assert_eq!(findings(plain), Vec::<String>::new());
}

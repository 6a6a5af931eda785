//! Rules of style for one file.

use proc_macro2::Span;
use syn::{
    Block, Expr, ExprMethodCall, Ident, Local, Macro, Pat, PatIdent, Stmt,
    visit::{self, Visit},
};

/// Names of variables that do not say what they are.
const EMPTY_NAMES: [&str; 4] = ["of", "own", "here", "them"];

/// Lines of a file that break a rule, as `line: rule`.
pub(crate) fn findings(text: &str) -> Vec<String> {
    let mut style = Style::default();
    style.check_docs(text);
    style.visit_file(&syn::parse_file(text).expect("the compiler has read it"));
    style.findings
}

#[derive(Default)]
struct Style {
    findings: Vec<String>,
}

impl Style {
    fn find(&mut self, span: Span, rule: &str) {
        self.findings.push(format!("{}: {rule}", span.start().line));
    }

    fn check_docs(&mut self, text: &str) {
        let mut begins = true;
        let mut in_errors = false;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let Some(doc) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
                begins = true;
                in_errors = false;
                continue;
            };
            let doc = doc.trim_start();
            if begins && (doc.starts_with("What ") || doc.starts_with("Where ")) {
                self.findings.push(format!("{}: docs name the thing, not \"what\"", index + 1));
            }
            if in_errors && !doc.is_empty() && !doc.starts_with("If ") {
                self.findings.push(format!("{}: `# Errors` starts with \"If\"", index + 1));
            }
            begins = false;
            in_errors = doc == "# Errors" || in_errors && doc.is_empty();
        }
    }
}

impl<'ast> Visit<'ast> for Style {
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

    fn visit_local(&mut self, local: &'ast Local) {
        if let (Pat::Tuple(_), Some(init)) = (&local.pat, &local.init)
            && let Expr::Tuple(_) = &*init.expr
        {
            self.find(local.let_token.span, "a `let` for each variable");
        }
        visit::visit_local(self, local);
    }

    fn visit_block(&mut self, block: &'ast Block) {
        for statement in &block.stmts {
            if let Some(name) = named_closure(statement)
                && Mentions::count(name, block) <= 2
            {
                self.find(name.span(), "a closure has a name only if it is called twice");
            }
        }
        visit::visit_block(self, block);
    }
}

/// Name that a `let` gives to a closure.
fn named_closure(statement: &Stmt) -> Option<&Ident> {
    let Stmt::Local(Local { pat: Pat::Ident(pattern), init: Some(init), .. }) = statement else {
        return None;
    };
    matches!(&*init.expr, Expr::Closure(_)).then_some(&pattern.ident)
}

/// How often a block mentions a name.
struct Mentions<'a> {
    name: &'a Ident,
    count: usize,
}

impl<'a> Mentions<'a> {
    fn count(name: &'a Ident, block: &Block) -> usize {
        let mut mentions = Self { name, count: 0 };
        mentions.visit_block(block);
        mentions.count
    }
}

impl<'ast> Visit<'ast> for Mentions<'_> {
    fn visit_ident(&mut self, ident: &'ast Ident) {
        self.count += usize::from(ident == self.name);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.count += mac.tokens.to_string().matches(&self.name.to_string()).count();
    }
}

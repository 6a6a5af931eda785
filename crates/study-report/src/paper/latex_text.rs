//! Text as LaTeX prints it.

/// Powers of ten are written with these.
const RAISED: [(char, char); 11] = [
    ('⁰', '0'),
    ('¹', '1'),
    ('²', '2'),
    ('³', '3'),
    ('⁴', '4'),
    ('⁵', '5'),
    ('⁶', '6'),
    ('⁷', '7'),
    ('⁸', '8'),
    ('⁹', '9'),
    ('⁻', '-'),
];

/// The text with every character that LaTeX would obey written so that it is printed.
pub(crate) fn escape(text: &str) -> String {
    let mut latex = String::with_capacity(text.len());
    let mut is_raised = false;
    for character in text.chars() {
        let raised = RAISED.iter().find(|(raised, _)| *raised == character);
        if raised.is_some() != is_raised {
            latex += if is_raised { "}$" } else { "$^{" };
            is_raised = raised.is_some();
        }
        match raised {
            Some((_, digit)) => latex.push(*digit),
            None => push_escaped(&mut latex, character),
        }
    }
    if is_raised {
        latex += "}$";
    }
    latex
}

/// Appends a character that is not raised.
fn push_escaped(latex: &mut String, character: char) {
    match character {
        '\\' => *latex += "\\textbackslash{}",
        '^' => *latex += "\\textasciicircum{}",
        '~' => *latex += "\\textasciitilde{}",
        '<' => *latex += "\\textless{}",
        '>' => *latex += "\\textgreater{}",
        '|' => *latex += "\\textbar{}",
        '{' | '}' | '$' | '&' | '#' | '%' | '_' => latex.extend(['\\', character]),
        // A row of a table that begins with these would be taken for an option of the last one. Two
        // hyphens, quotes or commas would become one sign.
        '[' | ']' | '*' | '-' | '`' | '\'' | '"' | ',' if needs_braces(latex, character) => {
            latex.extend(['{', character, '}']);
        }
        '\u{201c}' => *latex += "``",
        '\u{201d}' => *latex += "''",
        '\u{2018}' => *latex += "`",
        '\u{2019}' => *latex += "'",
        '–' => *latex += "--",
        '−' => *latex += "$-$",
        '×' => *latex += "$\\times$",
        '≤' => *latex += "$\\leq$",
        'α' => *latex += "$\\alpha$",
        character if character.is_control() => latex.push(' '),
        character => latex.push(character),
    }
}

/// Whether a character stands for itself only in braces.
fn needs_braces(latex: &str, character: char) -> bool {
    match character {
        '[' | ']' | '*' | '"' => true,
        // Beside a quotation mark of LaTeX too.
        '\'' | '`' => latex.ends_with(['\'', '`', '}']),
        _ => latex.ends_with(character) || latex.ends_with(&format!("{{{character}}}")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text that LaTeX prints, read from what `escape` writes for ASCII.
    fn printed(latex: &str) -> String {
        const NAMED: [(&str, &str); 6] = [
            ("\\textbackslash{}", "\u{1}"),
            ("\\textasciicircum{}", "^"),
            ("\\textasciitilde{}", "~"),
            ("\\textless{}", "<"),
            ("\\textgreater{}", ">"),
            ("\\textbar{}", "|"),
        ];
        let mut text = latex.to_owned();
        for (name, character) in NAMED {
            text = text.replace(name, character);
        }
        for (escaped, kept) in [("\\{", "\u{2}"), ("\\}", "\u{3}")] {
            text = text.replace(escaped, kept);
        }
        let text = text.replace(['{', '}', '\\'], "");
        text.replace('\u{1}', "\\").replace('\u{2}', "{").replace('\u{3}', "}")
    }

    /// The depth of braces after the text, and whether it was ever below 0.
    fn braces(latex: &str) -> (i32, bool) {
        let mut depth = 0;
        let mut is_below = false;
        let mut is_escaped = false;
        for character in latex.chars() {
            match character {
                '{' if !is_escaped => depth += 1,
                '}' if !is_escaped => depth -= 1,
                _ => {}
            }
            is_escaped = character == '\\' && !is_escaped;
            is_below |= depth < 0;
        }
        (depth, is_below)
    }

    proptest! {
        #[test]
        fn ascii_is_printed_letter_by_letter(text in "[ -~]{0,60}") {
            let latex = escape(&text);
            prop_assert_eq!(printed(&latex), text);
        }

        #[test]
        fn nothing_that_latex_obeys_is_left(text in any::<String>()) {
            let latex = escape(&text);
            prop_assert_eq!(braces(&latex), (0, false), "{}", latex);
            prop_assert!(!latex.contains(char::is_control), "{}", latex);
            for (before, character) in latex.chars().zip(latex.chars().skip(1)) {
                if ['&', '#', '%', '_'].contains(&character) {
                    prop_assert_eq!(before, '\\', "{}", latex);
                }
                if ['[', ']', '*'].contains(&character) {
                    prop_assert_eq!(before, '{', "{}", latex);
                }
            }
        }
    }

    #[test]
    fn text_is_printed_as_it_is() {
        for (text, latex) in [
            ("50 % of R&D_1", "50 \\% of R\\&D\\_1"),
            ("a\\b{c}^~", "a\\textbackslash{}b\\{c\\}\\textasciicircum{}\\textasciitilde{}"),
            ("\u{201c}him\u{201d}, her\u{2019}s", "``him'', her's"),
            ("p = 3.2 × 10⁻⁴⁷.", "p = 3.2 $\\times$ 10$^{-47}$."),
            ("−0.5 – x", "$-$0.5 -- x"),
            ("--nulls 5", "-{-}nulls 5"),
            ("[CLS]", "{[}CLS{]}"),
            ("a\nb", "a b"),
        ] {
            assert_eq!(escape(text), latex);
        }
    }
}

//! The works that a methods text may cite, as `BibTeX` has them.

/// A work that a text cites.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Its key in the bibliography.
    pub(crate) key: &'static str,
    /// Its authors and year, in a text without a bibliography.
    pub(crate) in_text: &'static str,
    /// The type of its entry.
    kind: &'static str,
    /// The fields of its entry, in LaTeX.
    fields: &'static [(&'static str, &'static str)],
}

impl Reference {
    /// The value of a field, without the braces that keep capitals.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let field = self.fields.iter().find(|(field, _)| *field == name);
        field.map(|(_, value)| value.replace(['{', '}'], ""))
    }

    /// Its entry, with more fields.
    pub(crate) fn bibtex(&self, more: &[(&str, &str)]) -> String {
        let fields = self.fields.iter().chain(more);
        let lines: Vec<String> =
            fields.map(|(name, value)| format!("  {name} = {{{value}}}")).collect();
        format!("@{}{{{},\n{}\n}}\n", self.kind, self.key, lines.join(",\n"))
    }
}

/// Declares references: `NAME = kind "key" "authors year" { field: "value" }`.
macro_rules! references {
    ($($name:ident = $kind:literal $key:literal $in_text:literal {
        $($field:literal: $value:literal,)+
    })+) => {
        $(pub(crate) const $name: &Reference = &Reference {
            key: $key,
            in_text: $in_text,
            kind: $kind,
            fields: &[$(($field, $value)),+],
        };)+

        /// Every reference.
        #[cfg(test)]
        const ALL: &[&Reference] = &[$($name),+];
    };
}

references! {
    PROGRAM = "misc" "lesion" "the authors of lesion 2026" {
        "author": "{The authors of lesion}",
        "title": "{lesion}: causal neuron lesions in {BERT}",
        "howpublished": "Computer program",
        "year": "2026",
    }
    NOTEBOOK = "misc" "cohen-llm-course" "Cohen, course on language models" {
        "author": "Cohen, Mike X",
        "title": "Course on language models, notebook part6\\_mlp\\_ttest2ablateMLP",
        "howpublished": "\\texttt{https://github.com/mikexcohen/LLM\\_course}",
    }
    SALAZAR = "inproceedings" "salazar2020" "Salazar and others 2020" {
        "author": "Salazar, Julian and Liang, Davis and Nguyen, Toan Q. and Kirchhoff, Katrin",
        "title": "Masked language model scoring",
        "booktitle": "Proceedings of the 58th Annual Meeting of the Association for Computational \
                      Linguistics",
        "pages": "2699--2712",
        "year": "2020",
    }
    KAUF_IVANOVA = "inproceedings" "kauf2023" "Kauf and Ivanova 2023" {
        "author": "Kauf, Carina and Ivanova, Anna",
        "title": "A better way to do masked language model scoring",
        "booktitle": "Proceedings of the 61st Annual Meeting of the Association for Computational \
                      Linguistics (Volume 2: Short Papers)",
        "pages": "925--935",
        "year": "2023",
    }
    STUDENT = "article" "student1908" "Student 1908" {
        "author": "Student",
        "title": "The probable error of a mean",
        "journal": "Biometrika",
        "volume": "6",
        "number": "1",
        "pages": "1--25",
        "year": "1908",
    }
    WELCH = "article" "welch1947" "Welch 1947" {
        "author": "Welch, B. L.",
        "title": "The generalization of `{Student's}' problem when several different population \
                  variances are involved",
        "journal": "Biometrika",
        "volume": "34",
        "number": "1--2",
        "pages": "28--35",
        "year": "1947",
    }
    COHEN = "book" "cohen1988" "Cohen 1988" {
        "author": "Cohen, Jacob",
        "title": "Statistical Power Analysis for the Behavioral Sciences",
        "edition": "2",
        "publisher": "Lawrence Erlbaum Associates",
        "year": "1988",
    }
    STEIGER = "incollection" "steiger1997" "Steiger and Fouladi 1997" {
        "author": "Steiger, James H. and Fouladi, Rachel T.",
        "title": "Noncentrality interval estimation and the evaluation of statistical models",
        "booktitle": "What If There Were No Significance Tests?",
        "publisher": "Lawrence Erlbaum Associates",
        "year": "1997",
    }
    DUNN = "article" "dunn1961" "Dunn 1961" {
        "author": "Dunn, Olive Jean",
        "title": "Multiple comparisons among means",
        "journal": "Journal of the American Statistical Association",
        "volume": "56",
        "number": "293",
        "pages": "52--64",
        "year": "1961",
    }
    HOLM = "article" "holm1979" "Holm 1979" {
        "author": "Holm, Sture",
        "title": "A simple sequentially rejective multiple test procedure",
        "journal": "Scandinavian Journal of Statistics",
        "volume": "6",
        "number": "2",
        "pages": "65--70",
        "year": "1979",
    }
    BENJAMINI_HOCHBERG = "article" "benjamini1995" "Benjamini and Hochberg 1995" {
        "author": "Benjamini, Yoav and Hochberg, Yosef",
        "title": "Controlling the false discovery rate: a practical and powerful approach to \
                  multiple testing",
        "journal": "Journal of the Royal Statistical Society: Series B",
        "volume": "57",
        "number": "1",
        "pages": "289--300",
        "year": "1995",
    }
    BENJAMINI_YEKUTIELI = "article" "benjamini2001" "Benjamini and Yekutieli 2001" {
        "author": "Benjamini, Yoav and Yekutieli, Daniel",
        "title": "The control of the false discovery rate in multiple testing under dependency",
        "journal": "The Annals of Statistics",
        "volume": "29",
        "number": "4",
        "pages": "1165--1188",
        "year": "2001",
    }
    STOREY = "article" "storey2004" "Storey, Taylor and Siegmund 2004" {
        "author": "Storey, John D. and Taylor, Jonathan E. and Siegmund, David",
        "title": "Strong control, conservative point estimation and simultaneous conservative \
                  consistency of false discovery rates: a unified approach",
        "journal": "Journal of the Royal Statistical Society: Series B",
        "volume": "66",
        "number": "1",
        "pages": "187--205",
        "year": "2004",
    }
    WESTFALL_YOUNG = "book" "westfall1993" "Westfall and Young 1993" {
        "author": "Westfall, Peter H. and Young, S. Stanley",
        "title": "Resampling-Based Multiple Testing",
        "publisher": "Wiley",
        "year": "1993",
    }
    PHIPSON_SMYTH = "article" "phipson2010" "Phipson and Smyth 2010" {
        "author": "Phipson, Belinda and Smyth, Gordon K.",
        "title": "Permutation {P}-values should never be zero: calculating exact {P}-values when \
                  permutations are randomly drawn",
        "journal": "Statistical Applications in Genetics and Molecular Biology",
        "volume": "9",
        "number": "1",
        "pages": "Article 39",
        "year": "2010",
    }
    SCHUIRMANN = "article" "schuirmann1987" "Schuirmann 1987" {
        "author": "Schuirmann, Donald J.",
        "title": "A comparison of the two one-sided tests procedure and the power approach for \
                  assessing the equivalence of average bioavailability",
        "journal": "Journal of Pharmacokinetics and Biopharmaceutics",
        "volume": "15",
        "number": "6",
        "pages": "657--680",
        "year": "1987",
    }
    ROUDER = "article" "rouder2009" "Rouder and others 2009" {
        "author": "Rouder, Jeffrey N. and Speckman, Paul L. and Sun, Dongchu and Morey, Richard D. \
                   and Iverson, Geoffrey",
        "title": "Bayesian t tests for accepting and rejecting the null hypothesis",
        "journal": "Psychonomic Bulletin \\& Review",
        "volume": "16",
        "number": "2",
        "pages": "225--237",
        "year": "2009",
    }
    EFRON_TIBSHIRANI = "book" "efron1993" "Efron and Tibshirani 1993" {
        "author": "Efron, Bradley and Tibshirani, Robert J.",
        "title": "An Introduction to the Bootstrap",
        "publisher": "Chapman \\& Hall",
        "year": "1993",
    }
    DAVISON_HINKLEY = "book" "davison1997" "Davison and Hinkley 1997" {
        "author": "Davison, A. C. and Hinkley, D. V.",
        "title": "Bootstrap Methods and their Application",
        "publisher": "Cambridge University Press",
        "year": "1997",
    }
    DICE = "article" "dice1945" "Dice 1945" {
        "author": "Dice, Lee R.",
        "title": "Measures of the amount of ecologic association between species",
        "journal": "Ecology",
        "volume": "26",
        "number": "3",
        "pages": "297--302",
        "year": "1945",
    }
    KULLBACK_LEIBLER = "article" "kullback1951" "Kullback and Leibler 1951" {
        "author": "Kullback, S. and Leibler, R. A.",
        "title": "On information and sufficiency",
        "journal": "The Annals of Mathematical Statistics",
        "volume": "22",
        "number": "1",
        "pages": "79--86",
        "year": "1951",
    }
    HOERL_KENNARD = "article" "hoerl1970" "Hoerl and Kennard 1970" {
        "author": "Hoerl, Arthur E. and Kennard, Robert W.",
        "title": "Ridge regression: biased estimation for nonorthogonal problems",
        "journal": "Technometrics",
        "volume": "12",
        "number": "1",
        "pages": "55--67",
        "year": "1970",
    }
    SUNDARARAJAN = "inproceedings" "sundararajan2017" "Sundararajan and others 2017" {
        "author": "Sundararajan, Mukund and Taly, Ankur and Yan, Qiqi",
        "title": "Axiomatic attribution for deep networks",
        "booktitle": "Proceedings of the 34th International Conference on Machine Learning",
        "year": "2017",
    }
    NANDA = "misc" "nanda2023" "Nanda 2023" {
        "author": "Nanda, Neel",
        "title": "Attribution patching: activation patching at industrial scale",
        "year": "2023",
    }
    SYED = "misc" "syed2023" "Syed and others 2023" {
        "author": "Syed, Aaquib and Rager, Can and Conmy, Arthur",
        "title": "Attribution patching outperforms automated circuit discovery",
        "howpublished": "arXiv:2310.10348",
        "year": "2023",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_occurs_once_and_every_entry_has_an_author_and_a_title() {
        let keys: BTreeSet<&str> = ALL.iter().map(|reference| reference.key).collect();
        assert_eq!(keys.len(), ALL.len());
        for reference in ALL {
            let entry = reference.bibtex(&[]);
            assert!(entry.contains("  author = {") && entry.contains("  title = {"), "{entry}");
            assert_eq!(entry.matches('{').count(), entry.matches('}').count(), "{entry}");
            // The year in the text is that of the entry.
            let year = reference.fields.iter().find(|(name, _)| *name == "year");
            if let Some((_, year)) = year {
                assert!(reference.in_text.ends_with(year), "{entry}");
            }
        }
    }
}

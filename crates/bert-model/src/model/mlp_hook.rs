use std::{fmt, str::FromStr};

use burn::tensor::{Int, Tensor};

/// A place inside a layer's MLP where activations, `[batch, seq, intermediate]`, can be watched and
/// edited. Prints and parses as `pre` and `post`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Site {
    /// The pre-activation: the output of `intermediate.dense`, before GELU.
    Pre,
    /// The activation: the output of GELU, which `output.dense` reads.
    Post,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pre => "pre",
            Self::Post => "post",
        })
    }
}

impl FromStr for Site {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "pre" => Ok(Self::Pre),
            "post" => Ok(Self::Post),
            other => Err(format!("`{other}` is not a site; the sites are `pre` and `post`")),
        }
    }
}

/// The tokens of a batch that a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenSet<'a> {
    /// Every token.
    All,
    /// One token of each row, at these positions.
    OneEach(&'a [usize]),
    /// Every token of each row from this position on.
    From(usize),
}

impl TokenSet<'_> {
    /// These tokens of `[batch, seq, width]`: all of it, `[batch, 1, width]`, or the end of each row.
    ///
    /// # Panics
    /// If there is not exactly one position per row, inside the row.
    #[must_use]
    pub fn of(self, tensor: Tensor<3>) -> Tensor<3> {
        let [batch, length, width] = tensor.dims();
        let positions = match self {
            Self::All => return tensor,
            Self::From(first) => return tensor.narrow(1, first, length - first),
            Self::OneEach(positions) => positions,
        };
        let rows = positions.iter().enumerate();
        let places: Vec<i64> =
            rows.map(|(row, position)| (row * length + position) as i64).collect();
        let places = Tensor::<1, Int>::from_data(places.as_slice(), &tensor.device());
        tensor.reshape([batch * length, width]).select(0, places).reshape([batch, 1, width])
    }
}

/// Watches and edits MLP activations during one forward pass.
///
/// A hook is an argument of the pass. It is called for every layer that runs, at [`Site::Pre`] and
/// then at [`Site::Post`].
pub trait MlpHook {
    /// Receives `activations` and returns those that the layer continues with, in the same shape:
    /// `[batch, seq, intermediate]`, or those of the tokens that are computed. A hook that only watches returns the
    /// tensor that it received.
    fn visit(
        &mut self,
        layer: usize,
        site: Site,
        tokens: TokenSet<'_>,
        activations: Tensor<3>,
    ) -> Tensor<3>;
}

/// The plain forward pass: watches nothing, edits nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHook;

impl MlpHook for NoHook {
    fn visit(
        &mut self,
        _layer: usize,
        _site: Site,
        _tokens: TokenSet<'_>,
        activations: Tensor<3>,
    ) -> Tensor<3> {
        activations
    }
}

#[cfg(test)]
mod tests {
    use super::Site;

    #[test]
    fn sites_print_as_they_parse() {
        for site in [Site::Pre, Site::Post] {
            assert_eq!(site.to_string().parse(), Ok(site));
        }
        assert!("mid".parse::<Site>().is_err());
    }
}

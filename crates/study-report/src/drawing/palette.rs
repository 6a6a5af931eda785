//! Colours.

use plotters::{
    prelude::{RGBColor, ViridisRGB},
    style::colors::colormaps::ColorMap,
};

/// A colour on white paper, and the one that replaces it on a dark page.
pub(crate) struct Tone {
    light: RGBColor,
    dark: RGBColor,
}

impl Tone {
    /// Both colours as `plotters` writes them.
    pub(crate) fn hex(&self) -> [String; 2] {
        [self.light, self.dark].map(|RGBColor(r, g, b)| format!("#{r:02X}{g:02X}{b:02X}"))
    }
}

macro_rules! palette {
    ($($(#[$doc:meta])* $name:ident = $light:literal, $dark:literal;)*) => {
        $($(#[$doc])* pub(crate) const $name: RGBColor = rgb($light);)*
        /// Every colour of the drawings.
        pub(crate) const PALETTE: &[Tone] =
            &[$(Tone { light: rgb($light), dark: rgb($dark) }),*];
    };
}

// The hues are those of Okabe and Ito (2008), which colour-blind readers can distinguish.
palette! {
    INK = 0x1B_1B_1F, 0xEC_EC_EF;
    /// Axes and their labels.
    SOFT = 0x5C_5C_66, 0xA9_A9_B4;
    GRID = 0xE6_E6_EA, 0x32_32_3A;
    /// The range of random sets.
    BAND = 0xD3_D3_DA, 0x45_45_50;
    /// The range of random sets that are as active.
    ACTIVE = 0xA9_A9_B6, 0x6C_6C_7A;
    /// Things without a label.
    MUTED = 0x96_96_A0, 0x80_80_8C;
    BLUE = 0x00_72_B2, 0x56_B4_E9;
    VERMILION = 0xD5_5E_00, 0xF5_91_4A;
    GREEN = 0x00_9E_73, 0x2F_C4_99;
    PURPLE = 0xB0_4A_86, 0xE0_92_BF;
}

const fn rgb(hex: u32) -> RGBColor {
    let [_, r, g, b] = hex.to_be_bytes();
    RGBColor(r, g, b)
}

/// The colours of the two labels.
pub(crate) const LABELS: [RGBColor; 2] = [BLUE, VERMILION];

/// The colour of one of several layers, dark at the bottom of the model.
pub(crate) fn depth(layer: usize, layers: usize) -> RGBColor {
    let share = layer as f64 / layers.saturating_sub(1).max(1) as f64;
    ViridisRGB.get_color(0.15 + 0.65 * share)
}

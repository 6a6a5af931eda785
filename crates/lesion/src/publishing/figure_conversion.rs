//! Figures in other formats than SVG, which a build contains only with the feature `figures`.

use study_record::FigureFormat;

use crate::error::LesionError;

/// Converts a figure in SVG to a format.
///
/// # Errors
/// If this build does not have the format, or the figure cannot be drawn in it.
#[cfg(feature = "figures")]
pub fn convert_figure(svg: &str, format: FigureFormat) -> Result<Vec<u8>, LesionError> {
    let converted = match format {
        FigureFormat::Svg => return Ok(svg.as_bytes().to_vec()),
        FigureFormat::Pdf => figure_export::pdf(svg),
        FigureFormat::Png => figure_export::png(svg),
    };
    converted.map_err(|source| LesionError::Figure { format, source })
}

/// Converts a figure in SVG to a format.
///
/// # Errors
/// If this build does not have the format.
#[cfg(not(feature = "figures"))]
pub fn convert_figure(svg: &str, format: FigureFormat) -> Result<Vec<u8>, LesionError> {
    match format {
        FigureFormat::Svg => Ok(svg.as_bytes().to_vec()),
        FigureFormat::Pdf | FigureFormat::Png => Err(LesionError::NoFigureFormat { format }),
    }
}

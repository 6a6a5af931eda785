//! Would other neurons do the same, and are these prompts the ones that need these neurons?

use super::absent;
use crate::{
    ReportError, Study, figures,
    nulls::MEASURES,
    number::percent,
    page::{Cell, Section, Table},
    rows::{Dissociation, Kind},
    verdict::{Judged, has_alikes},
};

pub(super) fn section(study: &Study, judged: &[Judged<'_>]) -> Result<Section, ReportError> {
    let mut section = Section::new("controls", "Controls");
    if judged.is_empty() || study.nulls.is_none() {
        if study.profile.is_some() && study.nulls.is_some() {
            section.text("Unavailable: no prompt has a label, so nothing was lesioned.");
        } else {
            absent(&mut section, "controls", "nulls.csv or profile.csv");
        }
        section.warning(
            "Without controls it is not known whether other neurons would do the same, so no \
             effect above can be said to be one of these neurons.",
        );
        return Ok(section);
    }
    let when = study.manifest.study.lesion.when();
    section.text(format!(
        "Every layer by itself: the matched neurons of a prompt\u{2019}s label, against those of \
         the other label, the least tuned and {} random sets of each kind, of the same size, \
         {when} GELU. One kind is drawn from all other neurons, one from those that are about as \
         active at the mask. p compares the mean margin drop with both kinds, takes the larger, \
         and is corrected by Holm over layers and labels.",
        study.manifest.study.controls.nulls
    ));
    section.figure(figures::profile(study, judged)?);
    section.table(profile(judged));
    for line in unavailable(judged) {
        section.warning(line);
    }
    if let Some(figure) = figures::prompts(study)? {
        section.heading(format!("Prompt by prompt in layer {}", study.manifest.layer));
        section.figure(figure);
    }
    section.heading("Double dissociation");
    match &study.dissociation {
        None => absent(&mut section, "controls", "dissociation.csv"),
        Some(rows) => dissociation(&mut section, study, rows)?,
    }
    Ok(section)
}

fn profile(judged: &[Judged<'_>]) -> Table {
    let columns = [
        "#layer",
        "set",
        "#margin drop",
        "#95 % of random",
        "#95 % as active",
        "#p corrected",
        "so it is",
        "#neurons",
        "#prompts",
        "#falls in",
        "#swapped",
        "#least tuned",
    ];
    let mut table = Table::new(
        "profile",
        "Mean margin drops in logits, and where 95 % of the random sets lie.",
        &columns,
    );
    let margin = MEASURES[1].1;
    for of in judged {
        let profile = of.profile;
        let mean = |kind| Cell::maybe(of.cell.and_then(|cell| cell.mean(kind, margin)), 3);
        let band = |band: Option<(f64, f64)>| match band {
            None => Cell { text: "unavailable".to_owned(), ..Cell::none() },
            band => Cell::interval(band),
        };
        table.row([
            Cell::count(profile.layer),
            Cell::text(&profile.neuron_set),
            Cell::number(profile.margin_drop, 3),
            band(of.random),
            band(of.as_active),
            Cell::p(profile.p_corrected),
            Cell::text(of.verdict.name()).class(of.verdict.class()),
            Cell::count(profile.neurons),
            Cell::count(profile.prompts),
            Cell::count(profile.margin_falls),
            mean(Kind::Swapped),
            mean(Kind::LeastTuned),
        ]);
    }
    table.from(&["profile.csv", "nulls.csv"])
}

/// Where a control could not be made.
fn unavailable(judged: &[Judged<'_>]) -> Vec<String> {
    let none: Vec<String> =
        judged.iter().filter(|of| of.profile.p_corrected.is_none()).map(Judged::name).collect();
    let mut lines = Vec::new();
    if !none.is_empty() {
        lines.push(format!(
            "Control unavailable in {}: no neuron was lesioned, or too few others are left to \
             draw from.",
            none.join(", ")
        ));
    }
    let unlike: Vec<String> = judged
        .iter()
        .filter(|of| of.profile.p_corrected.is_some() && !has_alikes(of.profile))
        .filter_map(|of| Some(format!("{}: {}", of.name(), percent(of.profile.activity_ratio?))))
        .collect();
    if !unlike.is_empty() {
        lines.push(format!(
            "Control by activity unavailable where the nearest other neurons are not as active at \
             the mask. They have this share of the matched neurons\u{2019} activity: {}.",
            unlike.join(", ")
        ));
    }
    lines
}

fn dissociation(
    section: &mut Section,
    study: &Study,
    rows: &[Dissociation],
) -> Result<(), ReportError> {
    let Some(figure) = figures::dissociation(study, rows)? else {
        section.text(
            "Unavailable: it takes prompts of both labels and, in some layer, sets of equal size.",
        );
        return Ok(());
    };
    section.text(
        "The same neurons are lesioned in the prompts of their own label and in those of the \
         other. The dissociation is double where both labels\u{2019} neurons lower the margin of \
         their own prompts, and both intervals lie above 0.",
    );
    section.figure(figure);
    if rows.iter().all(|of| of.interval().is_none()) {
        section.warning(
            "No interval: the prompts come from too few templates; it takes 10 of each label. So \
             nothing can be said to be double.",
        );
    }
    let columns = [
        "#layer",
        "set",
        "#neurons",
        "#own prompts",
        "#other prompts",
        "#difference",
        "#95 % interval",
        "double",
    ];
    let mut table = Table::new(
        "dissociation",
        "Mean margin drops in logits; intervals over templates, conditional on these neurons.",
        &columns,
    );
    for of in rows {
        table.row([
            Cell::count(of.layer),
            Cell::text(&of.neuron_set),
            Cell::count(of.neurons),
            Cell::number(of.own_margin_drop, 3),
            Cell::number(of.other_margin_drop, 3),
            Cell::number(of.difference, 3),
            Cell::interval(of.interval()),
            Cell::text(if of.double { "yes" } else { "not shown" }).class(if of.double {
                "beyond"
            } else {
                "open"
            }),
        ]);
    }
    section.table(table.from(&["dissociation.csv"]));
    Ok(())
}

//! The pages of real runs in a real browser.
//!
//! Without Chromium the test prints a note and passes, unless `CI` or `LESION_REQUIRE_BROWSER` is set.
//! It leaves screenshots in `target/browser/`. Look at them if you change the page.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::{Run, gathered::write_noisy_copies, lesion, number};
use serde_json::Value;
use tempfile::TempDir;

const CHECK: &str = include_str!("browser/check.js");
const FRAME: &str = include_str!("browser/frame.html");
/// Width of the narrowest telephone, and of a desktop window.
const WIDTHS: [u32; 2] = [360, 1100];

struct Browser {
    program: PathBuf,
    dir: TempDir,
}

impl Browser {
    fn find() -> Option<Self> {
        let names = ["chromium", "chromium-browser", "google-chrome"];
        let folders: Vec<_> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
        let mut programs =
            names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        let found = programs.find(|path| path.is_file());
        if found.is_none() {
            let required = ["CI", "LESION_REQUIRE_BROWSER"];
            assert!(
                required.iter().all(|name| env::var_os(name).is_none()),
                "no browser: install Debian's package `chromium`"
            );
            eprintln!("the pages are not tested in a browser: no Chromium on this machine");
        }
        Some(Self { program: found?, dir: TempDir::new().unwrap() })
    }

    /// Opens a page in a frame of this size. Returns the browser's stdout.
    fn open(&self, page: &str, (width, height): (u32, u32), args: &[&str]) -> String {
        fs::write(self.dir.path().join("page.html"), page).unwrap();
        let frame = FRAME
            .replace("PAGE", "page.html")
            .replace("WIDTH", &width.to_string())
            .replace("HEIGHT", &height.to_string());
        let path = self.dir.path().join("frame.html");
        fs::write(&path, frame).unwrap();
        // Chromium does not make its own window narrower than 500 pixels.
        let output = Command::new(&self.program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--hide-scrollbars", "--enable-logging=stderr", "--virtual-time-budget=5000"])
            .arg(format!("--user-data-dir={}", self.dir.path().join("profile").display()))
            .arg(format!("--window-size={},{height}", width.max(500)))
            .args(args)
            .arg(format!("file://{}", path.display()))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{stderr}");
        // Blocked scripts are intended: `look` adds a policy to its copy of the page.
        let is_error = |line: &&str| line.contains("CONSOLE") && !line.contains("script-src");
        assert_eq!(stderr.lines().find(is_error), None);
        String::from_utf8(output.stdout).unwrap()
    }

    /// Findings of `check.js` in a page, with or without the page's own scripts.
    fn look(&self, page: &str, width: u32, scripts: bool) -> Value {
        let allowed = if scripts { "'unsafe-inline'" } else { "'nonce-check'" };
        let head = format!(
            "<head>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'; script-src {allowed}\">\n<script nonce=\"check\">{CHECK}</script>"
        );
        let dom = self.open(&page.replacen("<head>", &head, 1), (width, 900), &["--dump-dom"]);
        let (_, found) = dom.split_once("data-found=\"").expect("check.js did not run");
        serde_json::from_str(&decoded(found.split_once('"').unwrap().0)).unwrap()
    }

    fn screenshot(&self, page: &str, name: &str, width: u32, dark: bool) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/browser");
        fs::create_dir_all(&folder).unwrap();
        let file = folder.canonicalize().unwrap().join(format!("{name}.png"));
        let shot = format!("--screenshot={}", file.display());
        let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(!dark));
        self.open(page, (width, 12_000), &[&shot, &scheme]);
        assert!(fs::metadata(&file).unwrap().len() > 50_000, "{name} is empty");
    }
}

/// Undoes `encodeURIComponent`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        bytes.push(match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                rest = after;
                let digits = [*high, *low];
                u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            _ => *first,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// Checks that the page is complete at every width, with and without its scripts. Returns the
/// findings for the wide page with scripts.
fn assert_page(browser: &Browser, page: &str, figures: usize) -> Value {
    let looks = [
        browser.look(page, WIDTHS[0], true),
        browser.look(page, WIDTHS[1], false),
        browser.look(page, WIDTHS[1], true),
    ];
    for (found, width) in looks.iter().zip([WIDTHS[0], WIDTHS[1], WIDTHS[1]]) {
        assert_eq!(found["width"], width);
        for empty in ["faults", "requests", "unsorted", "cut"] {
            assert_eq!(found[empty], serde_json::json!([]), "{empty} at {width}");
        }
        assert!(found["overflow"].as_i64().unwrap() <= 0, "wider than {width}");
        // The text is the same with and without scripts, at every width.
        for same in ["text", "cells", "sections"] {
            assert_eq!(found[same], looks[0][same], "{same} at {width}");
        }
        let drawn = found["figures"].as_array().unwrap();
        assert_eq!(drawn.len(), figures);
        for figure in drawn {
            assert!(figure["marks"].as_u64().unwrap() > 15, "{figure}");
            assert!(figure["smallest"].as_f64().unwrap() >= 10.0, "{figure}");
            for empty in ["outside", "overlapping"] {
                assert_eq!(figure[empty], serde_json::json!([]), "{figure} at {width}");
            }
        }
    }
    let [_, without_scripts, found] = looks;
    assert_eq!(without_scripts["buttons"], 0);
    assert!(without_scripts["neuron"].is_null());
    assert!(found["buttons"].as_u64().unwrap() > 0);
    found
}

/// Whether a question is that of an effect, whose p is in the table of the profile.
fn is_effect(question: &String) -> bool {
    question == "effect"
}

#[test]
fn a_browser_shows_the_report_and_the_comparison() {
    let Some(browser) = Browser::find() else { return };
    let run = Run::new(&["--nulls", "300"]);
    let out = run.out();
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    let drawings = fs::read_dir(out.join("figures")).unwrap().count();
    let found = assert_page(&browser, &page, drawings);
    assert_eq!(found["sections"].as_array().unwrap().len(), page.matches("<section ").count());

    // The numbers in the page are those of the tables.
    let cells: Vec<&str> =
        found["cells"].as_array().unwrap().iter().map(|cell| cell.as_str().unwrap()).collect();
    for (table, column) in [("profile.csv", "margin_drop"), ("verdicts.csv", "p_corrected")] {
        for row in run.rows(table).iter().filter(|row| row.get("question").is_none_or(is_effect)) {
            let value = number(row, column).to_string();
            assert!(cells.contains(&value.as_str()), "{column} {value}");
        }
    }
    let neurons = run.rows("neurons.csv");
    let row = neurons.iter().find(|row| row["layer"] == "1" && row["neuron"] == "2").unwrap();
    let details = found["neuron"].as_str().unwrap().replace('\u{2212}', "-");
    for part in [
        format!("label \u{201c}{}\u{201d}", row["label"]),
        format!("effect {:.3}", number(row, "effect")),
        format!("t {:.2}", number(row, "t")),
        format!("q {:.2e}", number(row, "q")),
    ] {
        assert!(details.contains(&part), "{part} is not in {details}");
    }

    let other = Run::new(&["--nulls", "20", "--test", "welch", "--parts", "controls"]);
    let file = browser.dir.path().join("comparison.html");
    let output = lesion(browser.dir.path())
        .args([Path::new("compare"), &out, &other.out(), Path::new("--out"), &file])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let comparison = fs::read_to_string(file).unwrap();
    assert_page(&browser, &comparison, 4);

    for (name, page) in [("report", &page), ("comparison", &comparison)] {
        browser.screenshot(page, &format!("{name}-light"), WIDTHS[1], false);
        browser.screenshot(page, &format!("{name}-dark"), WIDTHS[1], true);
        browser.screenshot(page, &format!("{name}-phone"), WIDTHS[0], false);
    }
}

#[test]
fn a_browser_shows_effects_over_25_models() {
    let Some(browser) = Browser::find() else { return };
    let studies = TempDir::new().unwrap();
    let names = write_noisy_copies(studies.path(), 25);
    let output =
        lesion(studies.path()).args(["gather", "--out", "out"]).args(names).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = fs::read_to_string(studies.path().join("out/gather.html")).unwrap();
    assert_page(&browser, &page, 2);
    browser.screenshot(&page, "gather-light", WIDTHS[1], false);
    browser.screenshot(&page, "gather-dark", WIDTHS[1], true);
    browser.screenshot(&page, "gather-phone", WIDTHS[0], false);
}

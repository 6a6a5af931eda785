//! A panic as one line for the page.

use std::{any::Any, panic::Location};

/// Lets a panic end the question with an error of the page's own kind. Without it the page would only hear
/// that the module met an `unreachable` instruction.
#[cfg(target_family = "wasm")]
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let line = panic_line(panic.payload(), panic.location());
        // The page knows by this class that the module cannot be used any more.
        wasm_bindgen::throw_val(js_sys::WebAssembly::RuntimeError::new(&line).into());
    }));
}

/// Elsewhere a panic is reported by the program.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn report_panics() {}

/// A panic in one line: its message, and its place in the sources.
#[cfg_attr(
    not(target_family = "wasm"),
    cfg_attr(not(test), expect(dead_code, reason = "see above"))
)]
fn panic_line(payload: &(dyn Any + Send), location: Option<&Location<'_>>) -> String {
    let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (None, Some(message)) => message.as_str(),
        (None, None) => "no message",
    };
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match location {
        Some(place) => format!("{line} ({}:{})", place.file(), place.line()),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{catch_unwind, set_hook, take_hook},
        sync::{Arc, Mutex},
    };

    use super::*;

    /// The lines of panics with each kind of message.
    fn lines_of_panics() -> Vec<String> {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let outside = take_hook();
        set_hook(Box::new(move |panic| {
            kept.lock().unwrap().push(panic_line(panic.payload(), panic.location()));
        }));
        let empty: [u8; 0] = [];
        let panics: [fn(&[u8]) -> u8; 3] =
            [|list| list[list.len()], |_| panic!("two\n  lines"), |_| panic!("number {}", 3)];
        for panics in panics {
            catch_unwind(|| panics(&empty)).unwrap_err();
        }
        catch_unwind(|| std::panic::panic_any(7)).unwrap_err();
        set_hook(outside);
        let lines = lines.lock().unwrap();
        lines.clone()
    }

    #[test]
    fn a_panic_is_one_line_with_its_message_and_place() {
        let lines = lines_of_panics();
        let starts = [
            "index out of bounds: the len is 0 but the index is 0 (",
            "two lines (",
            "number 3 (",
            "no message (",
        ];
        assert_eq!(lines.len(), starts.len());
        for (line, start) in lines.iter().zip(starts) {
            assert!(line.starts_with(start), "{line}");
            assert!(line.contains("panic_line.rs:") && !line.contains('\n'), "{line}");
        }
    }
}

//! `lesion predict --stdin`: questions as lines of JSON, and their answers.

use std::{
    io::{self, BufRead, Read as _, Write as _},
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use lesion::{LesionError, Session, Stages};
use lesion_eval::StudyError;
use serde::Serialize;
use serde_json::Value;

use crate::{
    answers::UNWRITTEN,
    exit::Exit,
    predict_answer::PredictAnswer,
    predict_request::{PredictQuestion, PredictRequest},
    terminal::printable_json,
};

/// The most lines that are answered together.
const MOST_LINES: usize = 64;
/// The most bytes of a line.
const MOST_BYTES: u64 = 1 << 20;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
/// How often a wait for a line looks whether a signal came.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// A line of stdin, or why there is none.
type Line = Result<Vec<u8>, io::Error>;

/// The answer to a line, or its error.
#[derive(Serialize)]
struct LineJson<'a, T: Serialize> {
    line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Value>,
    #[serde(flatten)]
    answer: T,
}

#[derive(Serialize)]
struct ErrorJson {
    error: String,
}

/// A line that was read.
struct Numbered {
    /// From 1 on.
    line: usize,
    id: Option<Value>,
    question: Result<PredictQuestion>,
}

/// Answers the lines of stdin, in their order, until its end. Lines that have arrived are answered side
/// by side, and each answer is that of the line by itself. An error is an object of its own.
pub(crate) fn answer_lines(
    session: &Session,
    defaults: &PredictQuestion,
    stages: &mut Stages<'_>,
) -> Result<()> {
    let lines = read_lines().context("cannot start a thread that reads stdin")?;
    let mut out = io::stdout().lock();
    let mut number = 0;
    while let Some(batch) = next_lines(&lines, stages)? {
        let mut numbered = Vec::with_capacity(batch.len());
        for line in batch {
            number += 1;
            let line = line.context("cannot read stdin")?;
            if !line.trim_ascii().is_empty() {
                numbered.push(read_question(number, &line, defaults));
            }
        }
        for line in answer_batch(session, &numbered, stages)? {
            writeln!(out, "{line}").context(UNWRITTEN)?;
        }
        out.flush().context(UNWRITTEN)?;
    }
    Ok(())
}

/// Reads stdin in a thread of its own, so that a signal can stop a wait for a line.
fn read_lines() -> io::Result<Receiver<Line>> {
    let (sender, receiver) = sync_channel(MOST_LINES);
    thread::Builder::new().spawn(move || {
        let mut stdin = io::stdin().lock();
        loop {
            let mut line = Vec::new();
            let read = (&mut stdin).take(MOST_BYTES + 1).read_until(b'\n', &mut line);
            let result = match read {
                Ok(0) => return,
                Ok(_) if line.len() as u64 > MOST_BYTES => skip_line(&mut stdin).map(|()| line),
                Ok(_) => Ok(line),
                Err(error) => Err(error),
            };
            let is_error = result.is_err();
            if sender.send(result).is_err() || is_error {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// Skips the rest of a line.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    input.skip_until(b'\n')?;
    Ok(())
}

/// Waits for a line, and takes those that have arrived by then; none at the end of stdin.
fn next_lines(lines: &Receiver<Line>, stages: &Stages<'_>) -> Result<Option<Vec<Line>>> {
    let first = loop {
        stages.check_cancelled().map_err(LesionError::from)?;
        match lines.recv_timeout(SIGNAL_INTERVAL) {
            Ok(line) => break line,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    };
    let mut batch = vec![first];
    batch.extend(lines.try_iter().take(MOST_LINES - 1));
    Ok(Some(batch))
}

/// Reads the question of a line.
fn read_question(line: usize, bytes: &[u8], defaults: &PredictQuestion) -> Numbered {
    // An editor's mark of UTF-8 may stand before the first line.
    let bytes =
        if line == 1 { bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes) } else { bytes };
    match parse_line(bytes) {
        Ok(mut request) => {
            let id = request.id.take();
            Numbered { line, id, question: request.question(defaults) }
        }
        Err(error) => Numbered { line, id: None, question: Err(error) },
    }
}

fn parse_line(bytes: &[u8]) -> Result<PredictRequest> {
    if bytes.len() as u64 > MOST_BYTES {
        bail!("the line has more than {MOST_BYTES} bytes");
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => PredictRequest::parse(text),
        Err(error) => bail!("the line is not UTF-8, from byte {} on", error.valid_up_to()),
    }
}

/// The answer to each line, as JSON.
fn answer_batch(
    session: &Session,
    lines: &[Numbered],
    stages: &mut Stages<'_>,
) -> Result<Vec<String>> {
    let mut questions = Vec::new();
    for line in lines {
        if let Ok(asked) = &line.question {
            questions.push(asked.question.clone());
        }
    }
    let mut predicted = session.predict_all(&questions, stages)?.into_iter();
    let mut answers = Vec::with_capacity(lines.len());
    for Numbered { line, id, question } in lines {
        let (line, id) = (*line, id.as_ref());
        let answer = match question {
            Ok(asked) => match predicted.next() {
                Some(Ok(answer)) => PredictAnswer::complete(session, asked, answer, stages),
                Some(Err(error)) => Err(error.into()),
                None => Err(LesionError::from(StudyError::Cancelled).into()),
            },
            Err(error) => Err(anyhow::anyhow!("{error:#}")),
        };
        let json = match answer {
            Ok(answer) => serde_json::to_string(&LineJson { line, id, answer: answer.object() })?,
            Err(error) if Exit::of_error(&error) == Exit::Stopped => return Err(error),
            Err(error) => {
                let answer = ErrorJson { error: format!("{error:#}") };
                serde_json::to_string(&LineJson { line, id, answer })?
            }
        };
        answers.push(printable_json(&json));
    }
    Ok(answers)
}

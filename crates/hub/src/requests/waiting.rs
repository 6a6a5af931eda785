//! Waiting that the caller can end.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use crate::error::HubError;

/// Longest time until the end of waiting is noticed.
const NOTICE: Duration = Duration::from_millis(50);

/// Number of bytes that are read at once.
const BUFFER: usize = 1 << 16;

/// Number of pieces of a body that are read before they are used.
const PIECES_AHEAD: usize = 4;

/// Waits, until a flag of the caller ends all waiting with [`HubError::Cancelled`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Waiting {
    is_cancelled: Arc<AtomicBool>,
}

impl Waiting {
    /// Waiting that `is_cancelled` ends.
    pub(crate) fn ended_by(is_cancelled: Arc<AtomicBool>) -> Self {
        Self { is_cancelled }
    }

    /// Checks that waiting was not ended.
    pub(crate) fn check(&self) -> Result<(), HubError> {
        if self.is_cancelled.load(Ordering::Relaxed) {
            return Err(HubError::Cancelled);
        }
        Ok(())
    }

    /// Waits for this time.
    pub(crate) fn pause(&self, time: Duration) -> Result<(), HubError> {
        let started = Instant::now();
        self.until(|| (started.elapsed() >= time).then_some(()), time)
    }

    /// Waits until `poll` has a result.
    pub(crate) fn for_result<T>(&self, poll: impl FnMut() -> Option<T>) -> Result<T, HubError> {
        self.until(poll, NOTICE)
    }

    fn until<T>(
        &self,
        mut poll: impl FnMut() -> Option<T>,
        between: Duration,
    ) -> Result<T, HubError> {
        loop {
            self.check()?;
            if let Some(result) = poll() {
                return Ok(result);
            }
            thread::sleep(between.min(NOTICE));
        }
    }

    /// Waits for work that cannot be ended by itself. If waiting is ended, the work is left behind in
    /// its thread, where its own time limits end it.
    pub(crate) fn for_work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<io::Result<T>, HubError> {
        let (sender, receiver) = mpsc::sync_channel(1);
        // Nobody listens any more if waiting was ended.
        let started = thread::Builder::new().spawn(move || drop(sender.send(work())));
        match started {
            Ok(_) => {
                self.receive(&receiver).map(|result| result.unwrap_or_else(|| Err(no_result())))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// Waits for the next message; `None` if there will be no other.
    fn receive<T>(&self, receiver: &Receiver<T>) -> Result<Option<T>, HubError> {
        loop {
            self.check()?;
            match receiver.recv_timeout(NOTICE) {
                Ok(message) => return Ok(Some(message)),
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }

    /// Reads a body in a thread of its own.
    pub(crate) fn read_body(&self, body: Box<dyn Read + Send>) -> io::Result<Pieces> {
        let (sender, receiver) = mpsc::sync_channel(PIECES_AHEAD);
        thread::Builder::new()
            .spawn(move || send_pieces(body, |piece| sender.send(piece).is_ok()))?;
        Ok(Pieces { waiting: self.clone(), receiver })
    }
}

fn no_result() -> io::Error {
    io::Error::other("the request ended without a result")
}

/// A body that is read piece by piece.
pub(crate) struct Pieces {
    waiting: Waiting,
    receiver: Receiver<io::Result<Vec<u8>>>,
}

impl Pieces {
    /// Waits for the next bytes; none at the end. The inner error is one of the connection.
    pub(crate) fn next(&mut self) -> Result<io::Result<Vec<u8>>, HubError> {
        Ok(self.waiting.receive(&self.receiver)?.unwrap_or_else(|| Err(no_result())))
    }

    /// Waits for all bytes; `None` if there are more than `limit`.
    pub(crate) fn read_all(
        &mut self,
        limit: usize,
    ) -> Result<io::Result<Option<Vec<u8>>>, HubError> {
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                Ok(piece) if piece.is_empty() => return Ok(Ok(Some(bytes))),
                Ok(piece) => bytes.extend_from_slice(&piece),
                Err(error) => return Ok(Err(error)),
            }
            if bytes.len() > limit {
                return Ok(Ok(None));
            }
        }
    }
}

/// Sends a body, the last piece empty, as long as `send` finds somebody who wants it.
fn send_pieces(mut body: impl Read, send: impl Fn(io::Result<Vec<u8>>) -> bool) {
    loop {
        let mut piece = vec![0; BUFFER];
        let read = match body.read(&mut piece) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                send(Err(error));
                return;
            }
        };
        piece.truncate(read);
        if !send(Ok(piece)) || read == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended() -> Waiting {
        Waiting::ended_by(Arc::new(AtomicBool::new(true)))
    }

    #[test]
    fn ended_waiting_ends_whatever_is_waited_for() {
        let hours = Duration::from_hours(9);
        assert!(matches!(ended().pause(hours), Err(HubError::Cancelled)));
        assert!(matches!(ended().for_result(|| None::<()>), Err(HubError::Cancelled)));
        let (_sender, receiver) = mpsc::channel::<()>();
        let endless = move || receiver.recv().map_err(io::Error::other);
        assert!(matches!(ended().for_work(endless), Err(HubError::Cancelled)));
        let mut pieces = ended().read_body(Box::new(io::repeat(7))).unwrap();
        assert!(matches!(pieces.next(), Err(HubError::Cancelled)));
    }

    #[test]
    fn work_in_a_thread_gives_its_result_and_a_panic_none() {
        let waiting = Waiting::default();
        assert_eq!(waiting.for_work(|| Ok(7)).unwrap().unwrap(), 7);
        assert!(waiting.for_work(|| -> io::Result<u8> { Err(no_result()) }).unwrap().is_err());
    }

    #[test]
    fn a_body_is_read_whole_or_not_at_all() {
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * BUFFER + 1).collect();
        let read = |limit| {
            let body = Box::new(io::Cursor::new(bytes.clone()));
            Waiting::default().read_body(body).unwrap().read_all(limit).unwrap().unwrap()
        };
        assert!(read(bytes.len()).unwrap() == bytes);
        assert_eq!(read(bytes.len() - 1), None);
    }
}

//! Server-sent events (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), as far as models use them.

use super::fault::Fault;

/// The most bytes that one event may have.
const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// Makes events of bytes, however they are cut.
#[derive(Default)]
pub(super) struct Decoder {
    /// Bytes of the line that has not ended.
    line: Vec<u8>,
    data: String,
    /// Whether the last byte ended a line as CR, which an LF may follow.
    after_return: bool,
    has_begun: bool,
}

impl Decoder {
    /// Takes bytes, and gives the data of each event that they complete, in order, to `take`. Comments, names and ids
    /// of events are passed over: whatever matters is said in the data too.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&str) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for &byte in bytes {
            let is_second_half = std::mem::replace(&mut self.after_return, byte == b'\r') && byte == b'\n';
            match byte {
                _ if is_second_half => {}
                b'\r' | b'\n' => self.end_line(&mut take)?,
                _ if self.line.len() + self.data.len() < MAX_EVENT_BYTES => self.line.push(byte),
                _ => return Err(Fault::TooLarge),
            }
        }
        Ok(())
    }

    fn end_line(&mut self, take: &mut impl FnMut(&str) -> Result<(), Fault>) -> Result<(), Fault> {
        let line = std::mem::take(&mut self.line);
        let line = std::str::from_utf8(&line).map_err(|_| Fault::Malformed("is not UTF-8"))?;
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        let line = if is_first { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return if data.is_empty() { Ok(()) } else { take(data.trim_end_matches('\n')) };
        }
        if let Some(data) = line.strip_prefix("data:") {
            self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
            self.data.push('\n');
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(bytes: &[u8], size: usize) -> Result<Vec<String>, Fault> {
        let (mut decoder, mut events) = (Decoder::default(), vec![]);
        for bytes in bytes.chunks(size) {
            decoder.push(bytes, |data| {
                events.push(data.to_owned());
                Ok(())
            })?;
        }
        Ok(events)
    }

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let stream = "\u{feff}: hello\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nevent: x\ndata:two\n\n\n\rdata: ü\r\rdata: cut";
        for size in 1..=stream.len() {
            assert_eq!(events(stream.as_bytes(), size).unwrap(), ["{\"a\":\n1}", "two", "ü"], "{size}");
        }
    }

    #[test]
    fn what_is_not_utf8_or_never_ends_is_refused() {
        assert_eq!(events(b"data: \xff\n\n", 4), Err(Fault::Malformed("is not UTF-8")));
        assert_eq!(events(&vec![b'x'; MAX_EVENT_BYTES + 1], 4096), Err(Fault::TooLarge));
        let lines = "data: 0123456789\n".repeat(MAX_EVENT_BYTES / 10);
        assert_eq!(events(lines.as_bytes(), 4096), Err(Fault::TooLarge));
    }
}

//! Lines out of the pieces in which they come.

/// The most bytes of a line; with more the connection is given up.
pub(crate) const MAX_LINE: usize = 256 << 20;

/// Keeps the line that has begun and not ended.
#[derive(Default)]
pub(crate) struct Splitter {
    begun: Vec<u8>,
}

/// A line of more than [`MAX_LINE`] bytes.
pub(crate) struct TooLong;

impl Splitter {
    /// Calls `line` with each line that ends in this piece; without its end, lines of white space left out.
    pub(crate) fn split(&mut self, piece: &[u8], mut line: impl FnMut(Vec<u8>)) -> Result<(), TooLong> {
        let mut rest = piece;
        while let Some(length) = rest.iter().position(|&byte| byte == b'\n') {
            let mut whole = std::mem::take(&mut self.begun);
            whole.extend_from_slice(&rest[..length]);
            rest = &rest[length + 1..];
            if whole.len() > MAX_LINE {
                return Err(TooLong);
            }
            if !whole.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
                line(whole);
            }
        }
        self.begun.extend_from_slice(rest);
        if self.begun.len() > MAX_LINE {
            return Err(TooLong);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a text that comes in pieces of so many bytes.
    fn lines(text: &str, size: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut splitter = Splitter::default();
        for piece in text.as_bytes().chunks(size) {
            let split = splitter.split(piece, |line| lines.push(String::from_utf8(line).unwrap()));
            assert!(split.is_ok());
        }
        lines
    }

    #[test]
    fn lines_are_the_same_however_they_come() {
        for size in 1..30 {
            assert_eq!(lines("one\n\n \r\ntwo é\r\nthree\nunended", size), ["one", "two é\r", "three"]);
        }
    }

    #[test]
    fn a_line_that_does_not_end_is_given_up() {
        let piece = vec![b'x'; 1 << 20];
        let mut splitter = Splitter::default();
        let fitting = (0..MAX_LINE >> 20).all(|_| splitter.split(&piece, |_| panic!("a line")).is_ok());
        assert!(fitting && splitter.split(b"x", |_| ()).is_err());
    }
}

//! [`Failure`]: why a command did not do what it was asked, and what to do next.

mod code;
mod library;

use std::{
    fmt::Display,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use serde_json::json;

pub(crate) use self::code::Code;

/// The one type of error: an exit code, a sentence, and the next step where there is one.
#[derive(Debug)]
pub(crate) struct Failure {
    code: Code,
    sentence: String,
    next: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: Code, sentence: impl Display) -> Self {
        Self {
            code,
            sentence: sentence.to_string(),
            next: code.next().map(str::to_owned),
        }
    }

    /// Says what to do next, where that is more than the code tells.
    pub(crate) fn next(mut self, step: impl Display) -> Self {
        self.next = Some(step.to_string());
        self
    }

    /// Says first where the failure happened.
    pub(crate) fn at(mut self, place: impl Display) -> Self {
        self.sentence = format!("{place}: {}", self.sentence);
        self
    }

    /// A file that the system refuses to open, read or write.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self::new(Code::System, error).at(path.display())
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// Prints the failure to the error output.
    pub(crate) fn tell(&self, json: bool) {
        let text = if json {
            let error = json!({
                "code": self.code.name(),
                "exit": self.code.number(),
                "message": self.sentence,
                "next": self.next,
            });
            json!({ "error": error }).to_string()
        } else {
            let next = self.next.as_ref().map(|next| format!("\n  next: {next}"));
            format!("rotortree: {}{}", self.sentence, next.unwrap_or_default())
        };
        // If the error output is gone, the exit code still reports the failure.
        drop(writeln!(io::stderr(), "{text}"));
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code.number())
    }
}

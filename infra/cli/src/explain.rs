//! `tocsin explain`: JSON Lines in, JSON Lines out, one answer a line. No line stops the run.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::panic::catch_unwind;

use serde::Deserialize;
use serde_json::{Value, json};
use tocsin_sources::explain::{receipt, signal, webhook};

use crate::args::Suite;

/// What answers one line.
pub type Explain = fn(&Value) -> Value;

pub fn of(suite: Suite) -> Explain {
    match suite {
        Suite::Law => tocsin_law::explain,
        Suite::Webhook => webhook,
        Suite::Signal => signal,
        Suite::Receipt => receipt,
    }
}

/// Answers every line of `input`, an empty one among them.
///
/// # Errors
/// When `input` cannot be read or `output` cannot be written; never because of what a line holds.
pub fn lines(explain: Explain, input: impl Read, output: impl Write) -> io::Result<()> {
    let (mut input, mut output) = (BufReader::new(input), BufWriter::new(output));
    let mut line = Vec::new();
    let mut number: u64 = 0;
    loop {
        if input.buffer().is_empty() {
            // Whoever sends a line and waits gets its answer.
            output.flush()?;
        }
        line.clear();
        number += 1;
        if input.read_until(b'\n', &mut line)? == 0 {
            return output.flush();
        }
        serde_json::to_writer(&mut output, &answer(explain, &line, number))?;
        output.write_all(b"\n")?;
    }
}

fn answer(explain: Explain, line: &[u8], number: u64) -> Value {
    let line = line.trim_ascii_end();
    if line.is_empty() {
        return refused(Value::Null, &format!("line {number} is empty"));
    }
    match serde_json::from_slice(line) {
        Ok(value) => explained(explain, &value, number),
        Err(error) => {
            refused(id_of(line), &format!("line {number}, column {}: {}", error.column(), what(&error)))
        }
    }
}

/// A defect of ours costs one answer, not the run.
fn explained(explain: Explain, value: &Value, number: u64) -> Value {
    catch_unwind(|| explain(value)).unwrap_or_else(|_| {
        let id = value.get("id").cloned().unwrap_or_default();
        refused(id, &format!("line {number} met a defect of this program: please report it"))
    })
}

#[derive(Deserialize)]
struct Named {
    id: Value,
}

/// What else the line holds is skipped here, however deep it is and whatever its bytes are.
fn id_of(line: &[u8]) -> Value {
    serde_json::from_slice(line).map_or(Value::Null, |Named { id }| id)
}

/// Without the place, which the parser counts from the start of the line.
pub(crate) fn what(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (what, _place) = text.rsplit_once(" at line ").unwrap_or((&text, ""));
    what.to_owned()
}

fn refused(id: Value, error: &str) -> Value {
    json!({ "id": id, "error": error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echo(line: &Value) -> Value {
        json!({ "id": line["id"], "body": line["body"] })
    }

    fn answers(explain: Explain, input: &[u8]) -> Vec<Value> {
        let mut output = Vec::new();
        lines(explain, input, &mut output).unwrap();
        String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_bad_line_among_good_ones_costs_one_answer() {
        let deep = format!(r#"{{"id":"deep","body":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        let abyss = format!(r#"{{"id":"abyss","body":{}"#, "[".repeat(1_000_000));
        let bad: [(&[u8], Value, &str); 8] = [
            (b"nonsense", Value::Null, "line 2, column 2: expected"),
            (b"{\"id\":\"cut", Value::Null, "EOF"),
            (b"", Value::Null, "line 2 is empty"),
            (b" \t\r", Value::Null, "line 2 is empty"),
            (b"{\"id\":\"bytes\",\"body\":\"\xff\xfe\"}", json!("bytes"), "unicode"),
            (b"{\"id\":\"two\"}{}", Value::Null, "trailing characters"),
            (deep.as_bytes(), json!("deep"), "recursion limit exceeded"),
            (abyss.as_bytes(), Value::Null, "recursion limit exceeded"),
        ];
        for (line, id, error) in bad {
            let input = [b"{\"id\":1}\n", line, b"\n{\"id\":3}\r\n"].concat();
            let [first, second, third] = answers(echo, &input).try_into().unwrap();
            assert_eq!((&first["id"], &third["id"]), (&json!(1), &json!(3)));
            assert_eq!(second["id"], id);
            assert!(second["error"].as_str().is_some_and(|text| text.contains(error)), "{second}");
        }
    }

    #[test]
    fn every_line_has_one_answer_and_the_last_needs_no_line_break() {
        assert_eq!(answers(echo, b""), Vec::<Value>::new());
        assert_eq!(answers(echo, b"{\"id\":1}").len(), 1);
        assert_eq!(answers(echo, b"{\"id\":1}\n\n{\"id\":2}\n").len(), 3);
    }

    #[test]
    fn a_panic_costs_one_answer() {
        fn faulty(line: &Value) -> Value {
            assert_ne!(line["id"], 2, "a defect");
            echo(line)
        }
        let [first, second, third] =
            answers(faulty, b"{\"id\":1}\n{\"id\":2}\n{\"id\":3}\n").try_into().unwrap();
        assert_eq!((&first["error"], &third["error"]), (&Value::Null, &Value::Null));
        assert_eq!(second["id"], 2);
        assert!(second["error"].is_string());
    }

    #[test]
    fn every_suite_answers_what_it_cannot_use() {
        for suite in [Suite::Law, Suite::Webhook, Suite::Signal, Suite::Receipt] {
            let answers = answers(of(suite), b"{\"id\":\"a\"}\n[]\n7\n");
            assert_eq!(answers[0]["id"], "a", "{suite:?}");
            assert!(answers.iter().all(|answer| answer["error"].is_string()), "{suite:?}: {answers:?}");
        }
    }
}

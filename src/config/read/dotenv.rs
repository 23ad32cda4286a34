//! Reads `.env`: lines of KEY=VALUE that stand in for environment variables. The process's own ones stay as they are.

use super::Faults;
use super::given::Origin;
use super::layers::Variable;

/// Every variable in the text, in its order.
pub fn read(path: &str, text: &str, faults: &mut Faults) -> Vec<Variable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut variables = Vec::new();
    for item in dotenvy::from_read_iter(text.as_bytes()) {
        match item {
            Ok((name, value)) => {
                let line = line_of(text, &name);
                let origin = Origin::Dotenv { path: path.to_owned(), name: name.clone(), line };
                variables.push(Variable { name, value, origin });
            }
            // Only the place: the error's own text repeats the line, which may hold a secret.
            Err(error) => {
                let place = match broken_line(text, &error) {
                    Some(line) => format!("file {path}, line {line}"),
                    None => format!("file {path}"),
                };
                faults.of_source(&place, "must be KEY=VALUE, with a value that has spaces or signs in quotes");
            }
        }
    }
    variables
}

/// The line on which a variable is set.
fn line_of(text: &str, name: &str) -> Option<usize> {
    let sets = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    text.lines().position(sets).map(|index| index + 1)
}

fn broken_line(text: &str, error: &dotenvy::Error) -> Option<usize> {
    let dotenvy::Error::LineParse(line, _) = error else { return None };
    let start = text.find(line.trim_end())?;
    Some(1 + text[..start].bytes().filter(|byte| *byte == b'\n').count())
}

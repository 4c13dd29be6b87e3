//! Answers about money must not be dropped by accident: a decline is an `Ok`.

use crate::workspace::{Findings, PROVIDERS, files, read, root};

/// Reports each public type that has an outcome and can be dropped without a warning.
pub(crate) fn check() -> Findings {
    let mut problems = Vec::new();
    let others = ["recurring-facade", "recurring-journal"];
    for krate in PROVIDERS.into_iter().chain(others) {
        let sources: Vec<String> = files()?
            .iter()
            .filter(|file| file.starts_with(&format!("crates/{krate}/src/")) && file.ends_with(".rs"))
            .map(|file| read(&root().join(file)))
            .collect::<Result<_, _>>()?;
        problems.extend(droppable(&sources).into_iter().map(|name| {
            format!("crates/{krate}: `{name}` says what happened to money and is not #[must_use = \"..\"]")
        }));
    }
    Ok(problems)
}

/// The public types that have an outcome, by a method or a member, and have no `must_use` with a sentence.
fn droppable(sources: &[String]) -> Vec<String> {
    let mut tell: Vec<String> = Vec::new();
    let mut kept: Vec<String> = Vec::new();
    let mut public: Vec<String> = Vec::new();
    for source in sources {
        let (mut attributes, mut inside) = (String::new(), None);
        for line in source.lines() {
            let declared = ["pub struct ", "pub enum "].iter().find_map(|start| line.strip_prefix(start));
            if line.starts_with("#[") {
                attributes += line;
            } else if let Some(rest) = declared {
                let name = name(rest);
                public.push(name.clone());
                if attributes.contains("#[must_use = \"") {
                    kept.push(name.clone());
                }
                inside = (!line.ends_with(';')).then_some(name);
                attributes.clear();
            } else if let Some(rest) = line.strip_prefix("impl ") {
                inside = line.ends_with('{').then(|| name(rest));
                attributes.clear();
            } else if line == "}" {
                inside = None;
                attributes.clear();
            } else if !line.starts_with("//") {
                attributes.clear();
            }
            let tells =
                ["pub outcome: Outcome,", "pub payment: Payment,", "pub fn outcome(&self) -> Outcome {"];
            if let Some(name) = inside.as_ref().filter(|_| tells.contains(&line.trim())) {
                tell.push(name.clone());
            }
        }
    }
    tell.sort();
    tell.dedup();
    tell.retain(|name| public.contains(name) && !kept.contains(name));
    tell
}

fn name(rest: &str) -> String {
    rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn droppable_in(source: &str) -> Vec<String> {
        droppable(&[source.to_owned()])
    }

    #[test]
    fn answer_that_can_be_dropped_is_found() {
        let order = "pub struct Order {\n    pub id: String,\n}\n\nimpl Order {\n    pub fn outcome(&self) -> Outcome {\n    }\n}\n";
        assert_eq!(droppable_in(order), ["Order"]);
        assert_eq!(droppable_in(&format!("#[must_use]\n{order}")), ["Order"], "a sentence is needed");
        assert!(droppable_in(&format!("#[must_use = \"look at the outcome\"]\n{order}")).is_empty());
        assert_eq!(droppable_in("pub struct Payment {\n    pub outcome: Outcome,\n}\n"), ["Payment"]);
        assert!(droppable_in(&order.replace("pub struct", "struct")).is_empty(), "it is not visible outside");
        assert!(droppable_in("pub struct Card {\n    pub id: String,\n}\n").is_empty());
    }
}

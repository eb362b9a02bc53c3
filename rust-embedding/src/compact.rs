//! Fitting a conversation into a budget of tokens.
//!
//! What is kept is kept whole and in order; only one message, the newest that no longer fits, may be cut. A call of a tool
//! and its results stay or go together. [`compact`] decides, and says so by places, so that the caller's own messages
//! are what remains.

use std::collections::{BTreeSet, HashMap};

use serde::Deserialize;

use crate::tokens::{Encoding, Json, TokenError, to_json_text};

/// What each call of a tool is estimated to take, beside the message's text.
pub const TOKENS_PER_TOOL_CALL: usize = 50;

/// A message is cut only if more tokens than these remain for it.
pub const LEAST_CUT_TOKENS: usize = 50;

/// Who speaks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A person.
    User,
    /// The model.
    Assistant,
    /// Whoever set the conversation up. Kept before all others.
    System,
    /// A tool.
    Tool,
}

/// A message, read from JSON: `role`, and of the others those that it has. Fields that are not listed are ignored; the names
/// with underscores are read too.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    role: Role,
    #[serde(default)]
    content: Option<String>,
    #[serde(default, alias = "tool_calls")]
    tool_calls: Option<Vec<ToolCall>>,
    #[serde(default, alias = "tool_results")]
    tool_results: Option<Vec<ToolResult>>,
    #[serde(default, alias = "tool_name")]
    tool_name: Option<String>,
    #[serde(default)]
    result: Option<Json>,
}

#[derive(Clone, Debug, Deserialize)]
struct ToolCall {
    id: String,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolResult {
    #[serde(alias = "call_id")]
    call_id: String,
    #[serde(default)]
    result: Json,
}

impl Message {
    /// A message of text alone.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: Some(content.into()),
            tool_calls: None,
            tool_results: None,
            tool_name: None,
            result: None,
        }
    }

    /// Messages from a JSON list of them.
    ///
    /// # Errors
    /// [`TokenError::InvalidJson`].
    pub fn list_from_json(json: &str) -> Result<Vec<Self>, TokenError> {
        serde_json::from_str(json).map_err(|error| TokenError::InvalidJson {
            line: error.line().max(1),
            column: error.column().max(1),
        })
    }

    fn calls(&self) -> &[ToolCall] {
        self.tool_calls.as_deref().unwrap_or_default()
    }

    fn results(&self) -> &[ToolResult] {
        self.tool_results.as_deref().unwrap_or_default()
    }

    /// Whether it answers a call without saying which.
    fn is_bare_result(&self) -> bool {
        self.role == Role::Tool && self.results().is_empty()
    }

    /// Its tokens: of the text, 50 for each call of an assistant, and of all results as JSON.
    fn tokens(&self, encoding: Encoding) -> Result<usize, TokenError> {
        let tokenizer = encoding.tokenizer();
        let mut tokens = self.content.as_deref().map_or(0, |content| tokenizer.count(content));
        if self.role == Role::Assistant {
            tokens += TOKENS_PER_TOOL_CALL * self.calls().len();
        }
        for result in self.results() {
            tokens += tokenizer.count(&to_json_text(&result.result)?);
        }
        if self.role == Role::Tool
            && let Some(result) = &self.result
        {
            tokens += tokenizer.count(&to_json_text(result)?);
        }
        Ok(tokens)
    }
}

/// What a conversation must fit into.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budget {
    /// The most tokens.
    pub max_tokens: usize,
    /// How many messages at the end are kept whatever they take.
    pub preserve_last: usize,
    /// Whether a message may be cut.
    pub cut: bool,
}

/// What is left of a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Compaction {
    /// The tokens of what is left.
    pub total_tokens: usize,
    /// How many messages are gone.
    pub removed_count: usize,
    /// What part of the tokens is gone, from 0 to 1.
    pub compression_ratio: f64,
    /// The places of the messages that are left, ascending.
    pub selected: Vec<usize>,
    /// The message that was cut, and its new text.
    pub cut: Option<(usize, String)>,
    /// Whether the preserved messages alone are over the budget.
    pub over_budget: bool,
}

/// Chooses what to keep of `messages`: the preserved ones with what belongs to them, then system messages, then from the
/// newest to the oldest as long as they fit. A call without a result, or a result without its call, is kept only if it is
/// preserved, or if everything fits.
///
/// # Errors
/// [`TokenError::UnknownModel`].
pub fn compact(messages: &[Message], model: &str, budget: Budget) -> Result<Compaction, TokenError> {
    let encoding = Encoding::for_model(model)?;
    let tokens = messages.iter().map(|message| message.tokens(encoding)).collect::<Result<Vec<_>, _>>()?;
    let before: usize = tokens.iter().sum();
    let cost = |places: &BTreeSet<usize>| places.iter().map(|place| tokens[*place]).sum::<usize>();

    let groups = groups(messages);
    let mut kept: BTreeSet<usize> = BTreeSet::new();
    let mut cut = None;
    let mut total;
    if before <= budget.max_tokens {
        kept.extend(0..messages.len());
        total = before;
    } else {
        for place in messages.len().saturating_sub(budget.preserve_last)..messages.len() {
            kept.extend(&groups.members[groups.of[place]]);
        }
        total = cost(&kept);
        for (place, message) in messages.iter().enumerate() {
            if message.role == Role::System
                && !kept.contains(&place)
                && total + tokens[place] <= budget.max_tokens
            {
                kept.insert(place);
                total += tokens[place];
            }
        }
        for place in (0..messages.len()).rev() {
            let group = &groups.members[groups.of[place]];
            if kept.contains(&place)
                || messages[place].role == Role::System
                || groups.broken.contains(&groups.of[place])
            {
                continue;
            }
            let size = cost(group);
            let left = budget.max_tokens.saturating_sub(total);
            if size <= left {
                kept.extend(group);
                total += size;
                continue;
            }
            if budget.cut
                && left > LEAST_CUT_TOKENS
                && group.len() == 1
                && let Some(content) = &messages[place].content
            {
                let content = encoding.tokenizer().truncate_to_tokens(content, left);
                total += encoding.tokenizer().count(&content);
                kept.insert(place);
                cut = Some((place, content));
            }
            break;
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of tokens")]
    let compression_ratio = if before == 0 { 0.0 } else { 1.0 - total as f64 / before as f64 };
    Ok(Compaction {
        total_tokens: total,
        removed_count: messages.len() - kept.len(),
        compression_ratio,
        selected: kept.into_iter().collect(),
        cut,
        over_budget: total > budget.max_tokens,
    })
}

/// Messages that stay or go together.
struct Groups {
    /// The group of each message.
    of: Vec<usize>,
    members: Vec<BTreeSet<usize>>,
    /// Groups in which a call has no result or a result no call.
    broken: BTreeSet<usize>,
}

/// Joins calls with their results: by the id of the call, or, where a tool's message names none, with the latest call
/// before it, of that name if it has one, that has no result yet.
fn groups(messages: &[Message]) -> Groups {
    let mut joined: Vec<usize> = (0..messages.len()).collect();
    let mut calls: HashMap<&str, (usize, bool)> = HashMap::new();
    // Calls in the order in which they were made, for results that do not say whose they are.
    let mut made: Vec<(&str, Option<&str>, usize)> = Vec::new();
    let mut orphans = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        for call in message.calls() {
            calls.insert(&call.id, (place, false));
            made.push((&call.id, call.name.as_deref(), place));
        }
        for result in message.results() {
            match calls.get_mut(result.call_id.as_str()) {
                Some((caller, answered)) => {
                    *answered = true;
                    join(&mut joined, *caller, place);
                }
                None => orphans.push(place),
            }
        }
        if message.is_bare_result() {
            let open = made.iter().rposition(|(id, name, _)| {
                !calls[id].1
                    && message.tool_name.as_deref().is_none_or(|tool| name.is_none_or(|name| name == tool))
            });
            match open {
                Some(open) => {
                    let (id, _, caller) = made.remove(open);
                    if let Some((_, answered)) = calls.get_mut(id) {
                        *answered = true;
                    }
                    join(&mut joined, caller, place);
                }
                None => orphans.push(place),
            }
        }
    }
    let of: Vec<usize> = (0..messages.len()).map(|place| root(&joined, place)).collect();
    let mut members = vec![BTreeSet::new(); messages.len()];
    for (place, group) in of.iter().enumerate() {
        members[*group].insert(place);
    }
    let unanswered = calls.values().filter(|(_, answered)| !answered).map(|(place, _)| *place);
    let broken = unanswered.chain(orphans).map(|place| of[place]).collect();
    Groups { of, members, broken }
}

fn join(joined: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(joined, a), root(joined, b));
    joined[a.max(b)] = a.min(b);
}

fn root(joined: &[usize], mut place: usize) -> usize {
    while joined[place] != place {
        place = joined[place];
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation() -> Vec<Message> {
        Message::list_from_json(
            r#"[
            {"role":"system","content":"You help."},
            {"role":"user","content":"What is the weather in Paris today, and what should I wear?"},
            {"role":"assistant","toolCalls":[{"id":"c1","name":"weather","arguments":{"city":"Paris"}}]},
            {"role":"tool","toolResults":[{"callId":"c1","result":{"sky":"rain","t":9.0}}]},
            {"role":"assistant","content":"Rain, nine degrees. Take a coat and an umbrella."},
            {"role":"user","content":"Thanks!"}
        ]"#,
        )
        .unwrap()
    }

    fn budget(max_tokens: usize, preserve_last: usize) -> Budget {
        Budget { max_tokens, preserve_last, cut: true }
    }

    #[test]
    fn af_2_what_fits_stays_as_it_is() {
        let all = compact(&conversation(), "cl100k_base", budget(1000, 0)).unwrap();
        assert_eq!(all.selected, [0, 1, 2, 3, 4, 5]);
        assert_eq!((all.removed_count, all.compression_ratio, all.over_budget), (0, 0.0, false));
    }

    #[test]
    fn af_2_calls_and_results_stay_or_go_together() {
        let messages = conversation();
        for max_tokens in 0..120 {
            for preserve_last in 0..4 {
                let left = compact(&messages, "cl100k_base", budget(max_tokens, preserve_last)).unwrap();
                assert_eq!(left.selected.contains(&2), left.selected.contains(&3));
                assert!(left.total_tokens <= max_tokens || left.over_budget);
                for preserved in 6 - preserve_last..6 {
                    assert!(left.selected.contains(&preserved));
                }
                assert!(left.selected.is_sorted());
                assert_eq!(left.removed_count, 6 - left.selected.len());
            }
        }
        let tight = compact(&messages, "cl100k_base", budget(25, 1)).unwrap();
        assert_eq!(tight.selected, [0, 4, 5]);
    }

    #[test]
    fn af_2_the_newest_that_does_not_fit_is_cut() {
        let long = "A sentence of some words. ".repeat(100);
        let messages = [Message::new(Role::User, long), Message::new(Role::User, "And now?")];
        let left = compact(&messages, "gpt-4o", budget(103, 1)).unwrap();
        let (place, text) = left.cut.unwrap();
        assert_eq!(place, 0);
        assert!(text.ends_with("words...."));
        assert!(left.total_tokens <= 103 && left.total_tokens > 80);
        let uncut =
            compact(&messages, "gpt-4o", Budget { max_tokens: 103, preserve_last: 1, cut: false }).unwrap();
        assert_eq!(uncut.selected, [1]);
        // With 50 left or fewer nothing is cut.
        assert_eq!(compact(&messages, "gpt-4o", budget(53, 1)).unwrap().selected, [1]);
    }

    #[test]
    fn af_2_results_without_calls_are_dropped_unless_preserved() {
        let messages = Message::list_from_json(
            r#"[{"role":"tool","toolName":"t","result":1},{"role":"user","content":"a b c d e f"},
                {"role":"assistant","tool_calls":[{"id":"x"}]},{"role":"user","content":"go"}]"#,
        )
        .unwrap();
        assert_eq!(compact(&messages, "cl100k_base", budget(52, 1)).unwrap().selected, [1, 3]);
        let kept = compact(&messages, "cl100k_base", budget(0, 4)).unwrap();
        assert_eq!((kept.selected.len(), kept.over_budget), (4, true));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for json in ["{}", "[1]", r#"[{"role":"robot"}]"#, r#"[{"content":"x"}]"#, "["] {
            assert!(matches!(Message::list_from_json(json), Err(TokenError::InvalidJson { .. })));
        }
        assert_eq!(compact(&[], "no-model", budget(1, 1)), Err(TokenError::UnknownModel));
    }
}

//! How git's hooks and GitHub's events say what is pushed. Owns: reading their lines and documents as ranges. Must not: look into a
//! repository.

use bstr::BString;
use serde_json::Value;

use crate::source::SourceError;
use crate::source::git::range::{Known, Range, Tip, is_zeros};

/// A reference that is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// What it is to name: an id, or another revision.
    pub new: String,
    /// What it names now, as far as the caller knows; none for a new one.
    pub old: Option<String>,
    /// Its full name there.
    pub name: String,
}

/// A remote, as git's `pre-push` hook is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remote<'r> {
    /// Its name, or its URL if it has none.
    pub name: &'r str,
    /// Its URL, where that is known.
    pub url: Option<&'r str>,
}

impl Remote<'_> {
    /// The name under which its branches are tracked.
    fn tracked_as(&self) -> Option<BString> {
        // For a push to a URL git gives it twice.
        (self.url != Some(self.name) && !self.name.is_empty()).then(|| self.name.into())
    }
}

impl Range {
    /// What is sent to a remote: what the new ids lead to, and neither the old ones nor what the remote is known to have. Of a remote without
    /// a name nothing is known, so what any remote has counts.
    #[must_use]
    pub fn push(remote: Remote<'_>, updates: &[Update]) -> Self {
        let mut known: Vec<Known> = updates.iter().filter_map(|update| update.old.clone()).map(Known::IfPresent).collect();
        known.push(Known::Tracking { remote: remote.tracked_as(), except: None });
        Self { tips: updates.iter().map(tip).collect(), known, ..Self::default() }
    }

    /// What git says to its `pre-push` hook: a line `LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID` for each reference. Deletions bring nothing.
    ///
    /// # Errors
    /// A line that is not of that form.
    pub fn pre_push(remote: Remote<'_>, lines: &str) -> Result<Self, SourceError> {
        let update = |line: &str| {
            // What is pushed can be any expression, with spaces too.
            let mut words = line.rsplitn(4, ' ');
            let (old, name, new) = (words.next()?, words.next()?, words.next()?);
            words.next()?;
            update(old, new, name)
        };
        Ok(Self::push(remote, &updates(lines, "pre-push", update)?))
    }

    /// What git says to its `pre-receive` hook: a line `OLD-ID NEW-ID REF` for each reference. What any reference of the repository leads to
    /// was received before. Deletions bring nothing.
    ///
    /// # Errors
    /// A line that is not of that form.
    pub fn pre_receive(lines: &str) -> Result<Self, SourceError> {
        let update = |line: &str| {
            let mut words = line.splitn(3, ' ');
            let (old, new, name) = (words.next()?, words.next()?, words.next()?);
            update(old, new, name)
        };
        let updates = updates(lines, "pre-receive", update)?;
        let known = if updates.is_empty() { Vec::new() } else { vec![Known::References] };
        Ok(Self { tips: updates.iter().map(tip).collect(), known, ..Self::default() })
    }

    /// What an event of GitHub brings, by the document that a workflow finds at `GITHUB_EVENT_PATH`: a push (of a new branch too), a pull
    /// request, a merge queue's group, a new branch or tag.
    ///
    /// # Errors
    /// A document that is no such event.
    pub fn github_event(document: &str) -> Result<Self, SourceError> {
        let wrong = |detail: &str| SourceError::Event { detail: detail.to_owned() };
        let event: Value = serde_json::from_str(document).map_err(|error| wrong(&format!("it is no JSON: {error}")))?;
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        if let (Some(base), Some(head)) = (text("/pull_request/base/sha"), text("/pull_request/head/sha")) {
            return between(base, head, None);
        }
        if let (Some(base), Some(head)) = (text("/merge_group/base_sha"), text("/merge_group/head_sha")) {
            return between(base, head, None);
        }
        match (text("/before"), text("/after"), text("/ref"), text("/ref_type")) {
            (Some(_), Some(after), Some(_), _) if is_zeros(after) => Ok(Self::default()),
            (Some(before), Some(after), Some(name), _) if is_zeros(before) => Ok(created(checked(after)?, name)),
            (Some(before), Some(after), Some(name), _) => between(before, after, Some(name)),
            (_, _, Some(branch), Some("branch")) => Ok(created("HEAD", &format!("refs/heads/{branch}"))),
            (_, _, Some(tag), Some("tag")) => Ok(created("HEAD", &format!("refs/tags/{tag}"))),
            _ => Err(wrong("it names no commits; scan the tree or the whole history instead")),
        }
    }
}

/// The range of two ids, of which the second gets a name.
fn between(base: &str, head: &str, name: Option<&str>) -> Result<Range, SourceError> {
    let (base, head) = (checked(base)?, checked(head)?);
    let tips = vec![Tip::Revision { revision: head.to_owned(), name: name.map(BString::from) }];
    Ok(Range { tips, known: vec![Known::Revision(base.to_owned())], ..Range::default() })
}

/// The range of a new branch or tag: what other branches do not have.
fn created(head: &str, name: &str) -> Range {
    let except = name.strip_prefix("refs/heads/").map(BString::from);
    let tips = vec![Tip::Revision { revision: head.to_owned(), name: Some(name.into()) }];
    Range { tips, known: vec![Known::Tracking { remote: None, except }], ..Range::default() }
}

/// An id as events have it; nothing else of a stranger's document is looked up.
fn checked(id: &str) -> Result<&str, SourceError> {
    if is_id(id) { Ok(id) } else { Err(SourceError::Event { detail: "one of its commits is no id".to_owned() }) }
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn tip(update: &Update) -> Tip {
    Tip::Revision { revision: update.new.clone(), name: Some(update.name.as_str().into()) }
}

/// The update of a line; none if one of its ids is none.
fn update(old: &str, new: &str, name: &str) -> Option<Update> {
    let old_id = (!is_zeros(old)).then(|| old.to_owned());
    (is_id(old) && is_id(new)).then(|| Update { new: new.to_owned(), old: old_id, name: name.to_owned() })
}

/// The updates of all lines but deletions.
fn updates(lines: &str, hook: &'static str, update: impl Fn(&str) -> Option<Update>) -> Result<Vec<Update>, SourceError> {
    let lines = lines.lines().enumerate().filter(|(_, line)| !line.is_empty());
    let read = lines.map(|(at, line)| update(line).ok_or(SourceError::Hook { hook, line: at + 1 }));
    Ok(read.collect::<Result<Vec<_>, _>>()?.into_iter().filter(|update| !is_zeros(&update.new)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn zeros() -> String {
        "0".repeat(40)
    }

    fn named(revision: &str, name: &str) -> Tip {
        Tip::Revision { revision: revision.to_owned(), name: Some(name.into()) }
    }

    fn tracking(remote: Option<&str>, except: Option<&str>) -> Known {
        Known::Tracking { remote: remote.map(Into::into), except: except.map(Into::into) }
    }

    #[test]
    fn lines_of_pre_push() {
        let origin = Remote { name: "origin", url: Some("https://example.com/r") };
        let lines = format!(
            "refs/heads/a {A} refs/heads/x {B}\n:/fix the bug {B} refs/heads/new {0}\n(delete) {0} refs/heads/gone {A}\nrefs/tags/t {2} refs/tags/t {1}\n",
            zeros(),
            "0".repeat(64),
            "c".repeat(64)
        );
        let range = Range::pre_push(origin, &lines).unwrap();
        assert_eq!(range.tips, [named(A, "refs/heads/x"), named(B, "refs/heads/new"), named(&"c".repeat(64), "refs/tags/t")]);
        assert_eq!(range.known, [Known::IfPresent(B.to_owned()), tracking(Some("origin"), None)]);
        assert_eq!(Range::pre_push(origin, "").unwrap().tips, []);
        let url = Remote { name: "https://example.com/r", url: Some("https://example.com/r") };
        assert_eq!(Range::pre_push(url, "").unwrap().known, [tracking(None, None)]);
        for wrong in [format!("refs/heads/a {A} refs/heads/x"), format!("a {A} b xyz"), format!("a HEAD b {A}")] {
            let error = Range::pre_push(origin, &format!("a {A} b {B}\n{wrong}\n")).unwrap_err().to_string();
            assert_eq!(error, "line 2 of standard input is not what git tells a pre-push hook");
        }
    }

    #[test]
    fn lines_of_pre_receive() {
        let lines = format!("{A} {B} refs/heads/a b\n{} {A} refs/tags/t\n{B} {} refs/heads/gone\n", zeros(), zeros());
        let range = Range::pre_receive(&lines).unwrap();
        assert_eq!(range.tips, [named(B, "refs/heads/a b"), named(A, "refs/tags/t")]);
        assert_eq!(range.known, [Known::References]);
        assert_eq!(Range::pre_receive("").unwrap(), Range::default());
        assert!(Range::pre_receive(&format!("{A} {B}")).is_err());
    }

    #[test]
    fn events_of_github() {
        let push = |before: &str, after: &str, name: &str| {
            Range::github_event(&format!(r#"{{"ref":"{name}","before":"{before}","after":"{after}","forced":true}}"#)).unwrap()
        };
        let between = |name: Option<&str>| Range {
            tips: vec![Tip::Revision { revision: B.to_owned(), name: name.map(Into::into) }],
            known: vec![Known::Revision(A.to_owned())],
            ..Range::default()
        };
        assert_eq!(push(A, B, "refs/heads/main"), between(Some("refs/heads/main")));
        assert_eq!(push(A, &zeros(), "refs/heads/main"), Range::default());
        let new = push(&zeros(), B, "refs/heads/topic/a");
        assert_eq!((new.tips, new.known), (vec![named(B, "refs/heads/topic/a")], vec![tracking(None, Some("topic/a"))]));
        let tag = push(&zeros(), B, "refs/tags/v1");
        assert_eq!((tag.tips, tag.known), (vec![named(B, "refs/tags/v1")], vec![tracking(None, None)]));
        let pull =
            format!(r#"{{"action":"opened","pull_request":{{"base":{{"sha":"{A}"}},"head":{{"sha":"{B}"}}}},"before":"x","after":"y"}}"#);
        assert_eq!(Range::github_event(&pull).unwrap(), between(None));
        let queue = format!(r#"{{"merge_group":{{"base_sha":"{A}","head_sha":"{B}"}}}}"#);
        assert_eq!(Range::github_event(&queue).unwrap(), between(None));
        let create = Range::github_event(r#"{"ref":"topic","ref_type":"branch","master_branch":"main"}"#).unwrap();
        assert_eq!((create.tips, create.known), (vec![named("HEAD", "refs/heads/topic")], vec![tracking(None, Some("topic"))]));
    }

    #[test]
    fn other_documents_are_errors() {
        let error = |document: &str| Range::github_event(document).unwrap_err().to_string();
        let none = "the event cannot be scanned: it names no commits; scan the tree or the whole history instead";
        assert_eq!(error(r#"{"schedule":"0 0 * * *"}"#), none);
        assert_eq!(error(r#"{"ref":null,"ref_type":"repository"}"#), none);
        assert!(error("{").starts_with("the event cannot be scanned: it is no JSON: "));
        let injected = format!(r#"{{"ref":"refs/heads/a","before":"--all","after":"{A}"}}"#);
        assert_eq!(error(&injected), "the event cannot be scanned: one of its commits is no id");
    }
}

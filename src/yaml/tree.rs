//! The file as a tree whose every node knows where it stands.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::scalar::Scalar;
use super::words;

/// The largest file, in bytes.
const MAX_BYTES: usize = 1024 * 1024;
/// The most values, aliases written out.
const MAX_NODES: usize = 50_000;
/// The deepest nesting.
const MAX_DEPTH: usize = 64;

/// A node's index in its tree.
pub(super) type Id = usize;

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Scalar(Scalar),
    List(Vec<Id>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) key: Id,
    pub(super) value: Id,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
    /// In characters from the start of the source.
    pub(super) index: usize,
    pub(super) parent: Option<Id>,
    pub(super) content: Content,
}

/// All nodes of a file; the first made is not the root.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    root: Id,
    /// Keys that stand a second time in their map; the first is the one that is read.
    pub(super) repeated: Vec<Id>,
}

/// Why it is not a tree, and where.
pub(super) struct Wrong {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
}

impl Tree {
    pub(super) fn root(&self) -> Id {
        self.root
    }

    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id]
    }

    /// The text of a scalar node.
    pub(super) fn scalar_text(&self, id: Id) -> Option<&str> {
        match &self.node(id).content {
            Content::Scalar(scalar) => Some(&scalar.text),
            _ => None,
        }
    }

    /// The entry of `key` in the map `id`.
    pub(super) fn entry_of(&self, id: Id, key: &str) -> Option<Entry> {
        let Content::Map(entries) = &self.node(id).content else { return None };
        entries.iter().find(|entry| self.scalar_text(entry.key) == Some(key)).copied()
    }

    /// The value under `key` in the map `id`.
    pub(super) fn value_of(&self, id: Id, key: &str) -> Option<Id> {
        self.entry_of(id, key).map(|entry| entry.value)
    }

    /// A tree of its own: a map that holds `key` of the map `id`, all in their places.
    pub(super) fn only(&self, id: Id, key: &str) -> Option<Tree> {
        let entry = self.entry_of(id, key)?;
        let root = Node { parent: None, content: Content::Map(Vec::new()), ..self.node(id).clone() };
        let mut tree = Tree { nodes: vec![root], root: 0, repeated: Vec::new() };
        let (key, value) = (tree.graft(self, entry.key, 0), tree.graft(self, entry.value, 0));
        tree.nodes[0].content = Content::Map(vec![Entry { key, value }]);
        Some(tree)
    }

    /// Copies `id` of another tree and all below it.
    fn graft(&mut self, from: &Tree, id: Id, parent: Id) -> Id {
        let Node { line, column, index, ref content, .. } = *from.node(id);
        let own = self.nodes.len();
        self.nodes.push(Node { line, column, index, parent: Some(parent), content: Content::List(Vec::new()) });
        self.nodes[own].content = match content {
            Content::Scalar(scalar) => Content::Scalar(scalar.clone()),
            Content::List(items) => Content::List(items.iter().map(|&item| self.graft(from, item, own)).collect()),
            Content::Map(entries) => {
                let entry =
                    |entry: &Entry| Entry { key: self.graft(from, entry.key, own), value: self.graft(from, entry.value, own) };
                Content::Map(entries.iter().map(entry).collect())
            }
        };
        own
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The key that holds the value `id`.
    pub(super) fn key_of(&self, id: Id) -> Option<Id> {
        let Content::Map(entries) = &self.node(self.node(id).parent?).content else { return None };
        entries.iter().find(|entry| entry.value == id).map(|entry| entry.key)
    }

    /// Whether `id` lies anywhere below `above`.
    pub(super) fn is_below(&self, id: Id, above: Id) -> bool {
        std::iter::successors(self.node(id).parent, |&at| self.node(at).parent).any(|at| at == above)
    }
}

/// Parses one document.
pub(super) fn parse(text: &str) -> Result<Tree, Wrong> {
    if text.len() > MAX_BYTES {
        return Err(Wrong { line: 1, column: 1, message: "the file is larger than 1 MiB".to_owned() });
    }
    let mut builder =
        Builder { parser: Parser::new_from_str(text), text, nodes: Vec::new(), anchors: HashMap::new(), repeated: Vec::new() };
    let root = builder.document()?;
    Ok(Tree { nodes: builder.nodes, root, repeated: builder.repeated })
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    nodes: Vec<Node>,
    anchors: HashMap<usize, Id>,
    repeated: Vec<Id>,
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Span), Wrong> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn syntax(&self, error: &ScanError) -> Wrong {
        let at = error.marker();
        let line = self.text.lines().nth(at.line().saturating_sub(1)).unwrap_or_default();
        match words::tab_in_indent(line) {
            Some(column) => Wrong { line: at.line(), column, message: "a tab cannot indent YAML: use spaces".to_owned() },
            None => wrong(*at, words::syntax(error.info())),
        }
    }

    fn document(&mut self) -> Result<Id, Wrong> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                _ if root.is_some() => {
                    return Err(wrong(span.start, "a second document begins here: one file holds one".to_owned()));
                }
                event => root = Some(self.value(event, span, 0, None)?),
            }
        }
        match root {
            Some(root) => Ok(root),
            None => self.push(Marker::new(0, 1, 0), Content::Scalar(empty())),
        }
    }

    fn value(&mut self, event: Event<'a>, span: Span, depth: usize, key: Option<Id>) -> Result<Id, Wrong> {
        if depth > MAX_DEPTH {
            return Err(wrong(span.start, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let forced_text = known_tag(tag.as_deref(), "str", span)?;
                let scalar = Scalar { text: text.into_owned(), style, forced_text, end: span.end.index() };
                let id = self.push(span.start, Content::Scalar(scalar))?;
                self.place_of_nothing(id, key);
                self.anchors.insert(anchor, id);
                Ok(id)
            }
            Event::SequenceStart(anchor, tag) => {
                known_tag(tag.as_deref(), "seq", span)?;
                self.list(anchor, span, depth)
            }
            Event::MappingStart(anchor, tag) => {
                known_tag(tag.as_deref(), "map", span)?;
                self.map(anchor, span, depth)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(&id) if anchor > 0 => self.copy(id, span.start),
                _ => Err(wrong(span.start, "this alias names a value that is not complete here".to_owned())),
            },
            _ => Err(wrong(span.start, "expected a value".to_owned())),
        }
    }

    /// `key:` with nothing behind it has no place of its own: it stands at its key.
    fn place_of_nothing(&mut self, id: Id, key: Option<Id>) {
        let Some(key) = key else { return };
        let (line, column, index) = (self.nodes[key].line, self.nodes[key].column, self.nodes[key].index);
        let node = &mut self.nodes[id];
        if matches!(&node.content, Content::Scalar(scalar) if scalar.style == ScalarStyle::Plain && scalar.text.is_empty()) {
            (node.line, node.column, node.index) = (line, column, index);
        }
    }

    fn list(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Id, Wrong> {
        let id = self.push(span.start, Content::List(Vec::new()))?;
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                break;
            }
            let item = self.value(event, span, depth + 1, None)?;
            self.nodes[item].parent = Some(id);
            items.push(item);
        }
        self.nodes[id].content = Content::List(items);
        self.anchors.insert(anchor, id);
        Ok(id)
    }

    fn map(&mut self, anchor: usize, span: Span, depth: usize) -> Result<Id, Wrong> {
        let id = self.push(span.start, Content::Map(Vec::new()))?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut seen: HashMap<String, ()> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.value(event, span, depth + 1, None)?;
            let Content::Scalar(Scalar { text, .. }) = &self.nodes[key].content else {
                return Err(wrong(span.start, "a key must be a single word or a quoted text".to_owned()));
            };
            let text = text.clone();
            let (event, span) = self.next()?;
            let value = self.value(event, span, depth + 1, Some(key))?;
            self.nodes[key].parent = Some(id);
            self.nodes[value].parent = Some(id);
            match seen.insert(text, ()) {
                None => entries.push(Entry { key, value }),
                Some(()) => self.repeated.push(key),
            }
        }
        self.nodes[id].content = Content::Map(entries);
        self.anchors.insert(anchor, id);
        Ok(id)
    }

    /// An alias is written out; the limit on nodes stops the ones that multiply.
    fn copy(&mut self, id: Id, alias: Marker) -> Result<Id, Wrong> {
        let node = self.nodes[id].clone();
        let content = match node.content {
            Content::Scalar(scalar) => Content::Scalar(scalar),
            Content::List(items) => {
                Content::List(items.into_iter().map(|item| self.copy(item, alias)).collect::<Result<_, _>>()?)
            }
            Content::Map(entries) => {
                let copied = entries.into_iter().map(|entry| {
                    let key = self.copy(entry.key, alias)?;
                    Ok(Entry { key, value: self.copy(entry.value, alias)? })
                });
                Content::Map(copied.collect::<Result<_, Wrong>>()?)
            }
        };
        let copy = self.push(alias, content)?;
        let below: Vec<Id> = match &self.nodes[copy].content {
            Content::Scalar(_) => Vec::new(),
            Content::List(items) => items.clone(),
            Content::Map(entries) => entries.iter().flat_map(|entry| [entry.key, entry.value]).collect(),
        };
        below.into_iter().for_each(|child| self.nodes[child].parent = Some(copy));
        (self.nodes[copy].line, self.nodes[copy].column, self.nodes[copy].index) = (node.line, node.column, node.index);
        Ok(copy)
    }

    fn push(&mut self, at: Marker, content: Content) -> Result<Id, Wrong> {
        if self.nodes.len() >= MAX_NODES {
            return Err(wrong(at, format!("more than {MAX_NODES} values in one file")));
        }
        self.nodes.push(Node { line: at.line(), column: at.col() + 1, index: at.index(), parent: None, content });
        Ok(self.nodes.len() - 1)
    }
}

fn empty() -> Scalar {
    Scalar { text: String::new(), style: ScalarStyle::Plain, forced_text: false, end: 0 }
}

fn wrong(at: Marker, message: String) -> Wrong {
    Wrong { line: at.line().max(1), column: at.col() + 1, message }
}

/// Whether the tag is `!!name` (or `!`, which makes text of a scalar); any other is refused.
fn known_tag(tag: Option<&Tag>, name: &str, span: Span) -> Result<bool, Wrong> {
    match tag {
        None => Ok(false),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == name => Ok(true),
        Some(_) => Err(wrong(span.start, "tags (words that begin with !) are not used here".to_owned())),
    }
}

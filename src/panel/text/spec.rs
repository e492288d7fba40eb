//! A text as it is written.

use crate::panel::spec::spec;

spec! {
    /// Notes of the author, in Markdown.
    pub(in crate::panel) struct Spec {
        /// The text, in Markdown: headings, lists, tables, links; what is neither text nor structure is left out.
        pub(super) content: String,
    }
}

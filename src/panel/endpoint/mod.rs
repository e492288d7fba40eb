//! Panels of one's own making: an endpoint answers words or a picture, within limits, and a panel draws them.

mod answer;
mod call;
mod desk;
mod pixels;
mod remote;
mod svg;
#[cfg(test)]
mod tests;
mod trouble;

use async_trait::async_trait;

pub(in crate::panel) use answer::Inline;
pub use answer::{Answer, Content, Format, Made, Picture};
pub use call::{Call, EndpointCall, Maker, Wants};
pub use desk::{Asked, Endpoints, Registry};
pub use remote::Reach;
pub use svg::escaped;
pub use trouble::Trouble;

/// Something in this program that makes what a custom panel shows. One file in `src/custom_panels/` each.
#[async_trait]
pub trait Endpoint: Send + Sync {
    /// The name behind `/api/v1/custom/`: lower-case letters, digits and `-`.
    fn name(&self) -> &'static str;

    /// What it makes, in a sentence.
    fn about(&self) -> &'static str;

    /// Whether it gives words for a template or a picture.
    fn gives(&self) -> Wants;

    /// What a panel's file may tell it; anything else there is a fault.
    fn parameters(&self) -> &'static [Parameter];

    /// What a dashboard's filters may narrow here; a panel's file says which filter narrows which.
    fn filters(&self) -> &'static [Narrowed] {
        &[]
    }

    /// Makes it. What it may read stands in the call; it may panic, hang or say too much without harm to others.
    ///
    /// # Errors
    /// Why there is nothing to show, in words for the visitor.
    async fn answer(&self, call: &Call) -> Result<Answer, Trouble>;
}

/// One thing that a dashboard's filter may narrow in what an endpoint makes.
#[derive(Clone, Copy, Debug)]
pub struct Narrowed {
    /// Its name.
    pub name: &'static str,
    /// What is narrowed, in a sentence.
    pub about: &'static str,
}

/// One thing a panel's file may tell an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// What it is when the file does not say, and with that its type.
    pub default: Value,
}

/// A plain value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// True or false.
    Flag(bool),
    /// A finite number.
    Number(f64),
    /// A text.
    Text(&'static str),
}

impl Value {
    /// Its type as an author would say it.
    fn word(self) -> &'static str {
        match self {
            Value::Flag(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
        }
    }

    /// Whether a written value has this one's type.
    fn is_like(self, written: &serde_json::Value) -> bool {
        match self {
            Value::Flag(_) => written.is_boolean(),
            Value::Number(_) => written.is_number(),
            Value::Text(_) => written.is_string(),
        }
    }
}

#[cfg(test)]
pub(in crate::panel) use pixels::tests::small_png;

/// A picture for the tests of panels.
#[cfg(test)]
pub(in crate::panel) fn picture_of(bytes: &[u8], own: bool) -> Picture {
    Picture::read(bytes, own).unwrap()
}

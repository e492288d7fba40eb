//! Who may sign in to the demo.

/// An account of the demo; its password is [`PASSWORD`].
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// What is typed at the sign-in page.
    pub email: &'static str,
    /// The full name.
    pub name: &'static str,
    sees: &'static str,
    /// Slugs of the tenants it is a viewer of, where they exist.
    pub tenants: &'static [&'static str],
    /// Whether it runs the installation.
    pub operator: bool,
}

impl Account {
    /// What it may see, in words.
    pub fn sees(&self) -> String {
        self.sees.to_owned()
    }
}

/// The password of every demo account.
pub const PASSWORD: &str = "demo";

/// Slugs of the demo's tenants.
pub const TENANTS: &[&str] = &["acme-corp", "global-retail", "this-server"];

/// The operator's address.
pub const OPERATOR: &str = "admin@example.com";

/// The accounts, in the order the sign-in page lists them.
pub const ACCOUNTS: &[Account] = &[
    Account { email: "viewer@acme.example", name: "Vera Acme", sees: "Acme Corp", tenants: &["acme-corp"], operator: false },
    Account {
        email: "analyst@example.com",
        name: "Ana Lyst",
        sees: "Acme Corp and Global Retail",
        tenants: &["acme-corp", "global-retail"],
        operator: false,
    },
    Account { email: OPERATOR, name: "Ada Admin", sees: "every tenant; runs the installation", tenants: TENANTS, operator: true },
];

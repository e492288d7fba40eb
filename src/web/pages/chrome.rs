//! What stands around every page: the bar, the theme, the addresses of its assets.

use crate::panel::Address;

/// The addresses of what a page loads, fingerprinted.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// `loggia.css`.
    pub css: String,
    /// `loggia.js`.
    pub js: String,
    /// `vendor/htmx.min.js`.
    pub htmx: String,
    /// `icons/loggia.svg`.
    pub icon: String,
    /// The tenant's own stylesheet, where it has a brand.
    pub brand: Option<String>,
}

/// Light, dark, or what the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// What the system says.
    #[default]
    System,
    /// Dark ink on light paper.
    Light,
    /// Light ink on dark paper.
    Dark,
}

impl Theme {
    const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    /// Reads the word of `?theme=` or of the cookie `loggia_theme`.
    pub fn parse(word: &str) -> Option<Theme> {
        Theme::ALL.into_iter().find(|theme| theme.word() == word)
    }

    /// The word, as it stands in an address.
    pub fn word(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// The value of `data-theme`; the system's choice needs none.
    pub fn attribute(self) -> Option<&'static str> {
        (self != Theme::System).then(|| self.word())
    }

    fn name(self) -> &'static str {
        match self {
            Theme::System => "As the system",
            Theme::Light => "Light",
            Theme::Dark => "Dark",
        }
    }
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct UserView {
    /// The full name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
}

/// Words that lead somewhere.
#[derive(Clone, Debug)]
pub struct Link {
    /// The words.
    pub name: String,
    /// Where they lead.
    pub href: String,
    /// Whether one is there already.
    pub current: bool,
}

/// An entry of the tenant switcher: its address keeps page and range where the other tenant has that dashboard.
pub type TenantLink = Link;

/// An entry of the dashboard selector.
pub type DashboardLink = Link;

/// One way of looking, in the theme menu.
#[derive(Clone, Debug)]
pub struct ThemeLink {
    /// `system`, `light` or `dark`.
    pub word: &'static str,
    /// The word shown.
    pub name: &'static str,
    /// This page in that theme.
    pub href: String,
    /// Whether it is the one in use.
    pub current: bool,
}

/// What stands around every page.
#[derive(Clone, Debug, Default)]
pub struct Chrome {
    /// The title of the browser's tab, without the product's name: "Operations · Acme Corp".
    pub title: String,
    /// What the page loads.
    pub assets: Assets,
    /// Light or dark.
    pub theme: Theme,
    /// Panels alone, without the bar.
    pub kiosk: bool,
    /// Panels alone, and nothing to press.
    pub tv: bool,
    /// Who is signed in; nobody on the sign-in page.
    pub user: Option<UserView>,
    /// The tenants to switch to, the current one among them; the landing page has all.
    pub tenants: Vec<TenantLink>,
    /// This tenant's dashboards, in their order.
    pub dashboards: Vec<DashboardLink>,
    /// Where else one may go: what a tenant's administrators and operators have beside dashboards.
    pub places: Vec<Link>,
    /// This page with its whole view, for the links that change one thing.
    pub page: Address,
}

impl Chrome {
    /// The theme menu.
    pub fn themes(&self) -> Vec<ThemeLink> {
        let link = |theme: Theme| ThemeLink {
            word: theme.word(),
            name: theme.name(),
            href: self.page.with("theme", Some(theme.word())).href(),
            current: theme == self.theme,
        };
        Theme::ALL.into_iter().map(link).collect()
    }

    /// This page with its bar again.
    pub fn leave_kiosk(&self) -> String {
        self.page.with("kiosk", None).href()
    }

    /// Whether the bar has a button to sign out; the page that asks about it has its own.
    pub fn offers_sign_out(&self) -> bool {
        self.user.is_some() && self.page.path != "/logout"
    }

    /// The tenant shown, or an invitation to choose one.
    pub fn tenant_name(&self) -> &str {
        current(&self.tenants)
    }

    /// The dashboard shown, or an invitation to choose one.
    pub fn dashboard_name(&self) -> &str {
        current(&self.dashboards)
    }
}

fn current(links: &[Link]) -> &str {
    links.iter().find(|link| link.current).map_or("choose", |link| &link.name)
}

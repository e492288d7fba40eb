use std::fmt;

/// What was done, in the word that stands in the audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the words explain themselves; `as_str` is the contract
pub enum Action {
    SignIn,
    SignInFailed,
    SignOut,
    SelectTenant,
    TokenExchange,
    ViewDashboard,
    ViewReport,
    Export,
    Denied,
    OperatorAccess,
    CreateUser,
    UpdateUser,
    DeleteUser,
    CreateTenant,
    UpdateTenant,
    DeleteTenant,
    CreateDatastore,
    UpdateDatastore,
    DeleteDatastore,
    AssignTenant,
    UnassignTenant,
    UpdatePreferences,
    /// A signing key began its life, took over, or was given up; or the stored secrets were sealed anew.
    RotateSecret,
    CreateMachine,
    UpdateMachine,
    DeleteMachine,
    MarkDemo,
    /// The queue was full: so many views or denials have no row of their own.
    AuditLost,
}

impl Action {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::SignIn => "sign_in",
            Action::SignInFailed => "sign_in_failed",
            Action::SignOut => "sign_out",
            Action::SelectTenant => "select_tenant",
            Action::TokenExchange => "token_exchange",
            Action::ViewDashboard => "view_dashboard",
            Action::ViewReport => "view_report",
            Action::Export => "export",
            Action::Denied => "denied",
            Action::OperatorAccess => "operator_access",
            Action::CreateUser => "create_user",
            Action::UpdateUser => "update_user",
            Action::DeleteUser => "delete_user",
            Action::CreateTenant => "create_tenant",
            Action::UpdateTenant => "update_tenant",
            Action::DeleteTenant => "delete_tenant",
            Action::CreateDatastore => "create_datastore",
            Action::UpdateDatastore => "update_datastore",
            Action::DeleteDatastore => "delete_datastore",
            Action::AssignTenant => "assign_tenant",
            Action::UnassignTenant => "unassign_tenant",
            Action::UpdatePreferences => "update_preferences",
            Action::RotateSecret => "rotate_secret",
            Action::CreateMachine => "create_machine",
            Action::UpdateMachine => "update_machine",
            Action::DeleteMachine => "delete_machine",
            Action::MarkDemo => "mark_demo",
            Action::AuditLost => "audit_lost",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

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
    RolloutChanged,
    CreateDatastore,
    UpdateDatastore,
    DeleteDatastore,
    AssignTenant,
    UnassignTenant,
    UpdatePreferences,
    CreateDevice,
    DeleteDevice,
    /// A signing key began its life, took over, or was given up; or the stored secrets were sealed anew.
    RotateSecret,
    CreateMachine,
    UpdateMachine,
    DeleteMachine,
    MarkDemo,
    ArchiveAudit,
    /// Somebody signed what `loggia doctor` found.
    SignDoctor,
    /// The queue was full: so many views or denials have no row of their own.
    AuditLost,
}

impl Action {
    /// Every one, in the order a list offers them.
    pub const ALL: &[Action] = &[
        Action::SignIn,
        Action::SignInFailed,
        Action::SignOut,
        Action::SelectTenant,
        Action::TokenExchange,
        Action::ViewDashboard,
        Action::ViewReport,
        Action::Export,
        Action::Denied,
        Action::OperatorAccess,
        Action::CreateUser,
        Action::UpdateUser,
        Action::DeleteUser,
        Action::CreateTenant,
        Action::UpdateTenant,
        Action::DeleteTenant,
        Action::RolloutChanged,
        Action::CreateDatastore,
        Action::UpdateDatastore,
        Action::DeleteDatastore,
        Action::AssignTenant,
        Action::UnassignTenant,
        Action::UpdatePreferences,
        Action::CreateDevice,
        Action::DeleteDevice,
        Action::RotateSecret,
        Action::CreateMachine,
        Action::UpdateMachine,
        Action::DeleteMachine,
        Action::MarkDemo,
        Action::ArchiveAudit,
        Action::SignDoctor,
        Action::AuditLost,
    ];

    /// The one of this word.
    pub fn parse(word: &str) -> Option<Action> {
        Action::ALL.iter().copied().find(|action| action.as_str() == word)
    }

    /// Those whose rows only tell of something, and come with no change to who may do what.
    pub(in crate::central) const QUIET: &[Action] = &[
        Action::SignInFailed,
        Action::TokenExchange,
        Action::ViewDashboard,
        Action::ViewReport,
        Action::Export,
        Action::Denied,
        Action::OperatorAccess,
        Action::UpdatePreferences,
        Action::SignDoctor,
        Action::AuditLost,
    ];

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
            Action::RolloutChanged => "rollout_changed",
            Action::CreateDatastore => "create_datastore",
            Action::UpdateDatastore => "update_datastore",
            Action::DeleteDatastore => "delete_datastore",
            Action::AssignTenant => "assign_tenant",
            Action::UnassignTenant => "unassign_tenant",
            Action::UpdatePreferences => "update_preferences",
            Action::CreateDevice => "create_device",
            Action::DeleteDevice => "delete_device",
            Action::RotateSecret => "rotate_secret",
            Action::CreateMachine => "create_machine",
            Action::UpdateMachine => "update_machine",
            Action::DeleteMachine => "delete_machine",
            Action::MarkDemo => "mark_demo",
            Action::ArchiveAudit => "archive_audit",
            Action::SignDoctor => "sign_doctor",
            Action::AuditLost => "audit_lost",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Action;

    #[test]
    fn every_action_can_be_searched_for() {
        let named = include_str!("action.rs").lines().filter(|line| line.starts_with("            Action::")).count();
        assert_eq!(named, Action::ALL.len(), "an action that has a word stands in the list as well");
        assert!(Action::ALL.iter().all(|action| Action::parse(action.as_str()) == Some(*action)));
    }
}

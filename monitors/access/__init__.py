"""Who may do what, where, and what was done (权限与审计): accounts, roles, region scope, sessions, audit trail."""

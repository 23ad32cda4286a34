//! The tables as Diesel sees them; `migrations/` makes them, on both databases alike.

mod elsewhere;

pub use elsewhere::{identities, upstream_logins, upstreams};

diesel::table! {
    generations (kind) {
        kind -> Text,
        number -> BigInt,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        holder -> Text,
        epoch -> BigInt,
        until -> BigInt,
    }
}

diesel::table! {
    sealed_values (name) {
        name -> Text,
        sealed -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        phase -> Text,
        origin -> Text,
        public_jwk -> Text,
        sealed -> Nullable<Text>,
        created_at -> BigInt,
        activated_at -> Nullable<BigInt>,
        retiring_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        covers_until -> BigInt,
    }
}

diesel::table! {
    clients (id) {
        id -> Text,
        name -> Text,
        auth_method -> Text,
        document -> Text,
        disabled_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    client_secrets (id) {
        id -> Text,
        client_id -> Text,
        hash -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        sealed -> Nullable<Text>,
    }
}

diesel::table! {
    client_assertions (hash) {
        hash -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    scopes (name) {
        name -> Text,
        description -> Text,
        built_in -> Bool,
        created_at -> BigInt,
        identity -> Bool,
        registrable -> Bool,
    }
}

diesel::table! {
    initial_tokens (hash) {
        hash -> Text,
        id -> Text,
        scope -> Text,
        uses_left -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
        without_pkce -> Bool,
    }
}

diesel::table! {
    registrations (client_id) {
        client_id -> Text,
        hash -> Text,
        scope -> Text,
        created_at -> BigInt,
        invited -> Bool,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        username -> Text,
        username_key -> Text,
        email -> Text,
        email_key -> Text,
        given_name -> Nullable<Text>,
        family_name -> Nullable<Text>,
        name -> Nullable<Text>,
        name_key -> Nullable<Text>,
        profile -> Text,
        password_hash -> Nullable<Text>,
        password_kind -> Nullable<Text>,
        must_reset_password -> Bool,
        verified_at -> Nullable<BigInt>,
        unconfirmed_until -> Nullable<BigInt>,
        disabled_at -> Nullable<BigInt>,
        locked_at -> Nullable<BigInt>,
        last_login_at -> Nullable<BigInt>,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
        epoch -> BigInt,
    }
}

diesel::table! {
    held_usernames (username_key) {
        username_key -> Text,
        address -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    roles (name) {
        name -> Text,
        description -> Text,
        built_in -> Bool,
        created_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    role_scopes (role, scope) {
        role -> Text,
        scope -> Text,
    }
}

diesel::table! {
    user_roles (user_id, role) {
        user_id -> Text,
        role -> Text,
    }
}

diesel::table! {
    grants (id) {
        id -> Text,
        user_id -> Text,
        client_id -> Text,
        user_epoch -> BigInt,
        scope -> Text,
        resources -> Text,
        device -> Nullable<Text>,
        address -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> BigInt,
        last_used_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        refresh_hash -> Nullable<Text>,
        previous_hash -> Nullable<Text>,
        rotated_at -> Nullable<BigInt>,
        rotation_request -> Nullable<Text>,
        successor -> Nullable<Text>,
        auth_time -> Nullable<BigInt>,
        session_id -> Nullable<Text>,
        acr -> Nullable<Text>,
        amr -> Nullable<Text>,
        claims -> Nullable<Text>,
    }
}

diesel::table! {
    sessions (hash) {
        hash -> Text,
        id -> Text,
        user_id -> Text,
        user_epoch -> BigInt,
        auth_time -> BigInt,
        acr -> Text,
        amr -> Text,
        created_at -> BigInt,
        last_used_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        device -> Nullable<Text>,
        address -> Nullable<Text>,
        proven_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    session_clients (id) {
        id -> Text,
        session_id -> Text,
        client_id -> Text,
        user_id -> Text,
        expires_at -> BigInt,
        over_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    consents (user_id, client_id) {
        user_id -> Text,
        client_id -> Text,
        scope -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    codes (hash) {
        hash -> Text,
        client_id -> Text,
        user_id -> Text,
        user_epoch -> BigInt,
        session_hash -> Text,
        redirect_uri -> Text,
        challenge -> Text,
        nonce -> Nullable<Text>,
        scope -> Text,
        resources -> Text,
        auth_time -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
        spent_at -> Nullable<BigInt>,
        grant_id -> Nullable<Text>,
        session_id -> Nullable<Text>,
        acr -> Nullable<Text>,
        amr -> Nullable<Text>,
        claims -> Nullable<Text>,
    }
}

diesel::table! {
    one_time_tokens (hash) {
        hash -> Text,
        user_id -> Text,
        purpose -> Text,
        email -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    resources (uri) {
        uri -> Text,
        scopes -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    resource_introspectors (resource_uri, client_id) {
        resource_uri -> Text,
        client_id -> Text,
    }
}

diesel::table! {
    revoked_tokens (jti) {
        jti -> Text,
        client_id -> Text,
        revoked_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    idempotency (id) {
        id -> Text,
        request_hash -> Text,
        holder -> Text,
        reserved_at -> BigInt,
        expires_at -> BigInt,
        answer -> Nullable<Text>,
    }
}

diesel::table! {
    audit_log (id) {
        id -> Text,
        at -> BigInt,
        act -> Text,
        actor_kind -> Text,
        actor_id -> Nullable<Text>,
        target_kind -> Nullable<Text>,
        target_id -> Nullable<Text>,
        client_id -> Nullable<Text>,
        outcome -> Text,
        reason -> Nullable<Text>,
        request_id -> Nullable<Text>,
        detail -> Nullable<Text>,
        personal -> Nullable<Text>,
        position -> Nullable<BigInt>,
        hash -> Nullable<Text>,
    }
}

diesel::table! {
    audit_persons (digest) {
        digest -> Text,
        salt -> Text,
        at -> BigInt,
        user_id -> Nullable<Text>,
        address -> Nullable<Text>,
        device -> Nullable<Text>,
        name -> Nullable<Text>,
    }
}

diesel::table! {
    audit_seals (position, kind) {
        position -> BigInt,
        kind -> Text,
        hash -> Text,
        count -> BigInt,
        at -> BigInt,
        signature -> Text,
        mac -> Text,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        kind -> Text,
        sealed -> Text,
        created_at -> BigInt,
        attempts -> BigInt,
        due_at -> Nullable<BigInt>,
        claimed_by -> Nullable<Text>,
        dead_at -> Nullable<BigInt>,
        dead_reason -> Nullable<Text>,
    }
}

diesel::table! {
    login_failures (pair) {
        pair -> Text,
        account -> Text,
        failures -> BigInt,
        minute_at -> BigInt,
        minute_failures -> BigInt,
        first_at -> BigInt,
        last_at -> BigInt,
        locked_until -> BigInt,
    }
}

diesel::joinable!(client_secrets -> clients (client_id));
diesel::joinable!(registrations -> clients (client_id));
diesel::joinable!(resource_introspectors -> resources (resource_uri));
diesel::joinable!(resource_introspectors -> clients (client_id));
diesel::joinable!(grants -> users (user_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(role_scopes -> roles (role));
diesel::joinable!(user_roles -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(
    clients,
    client_secrets,
    resources,
    resource_introspectors,
    revoked_tokens,
    signing_keys,
);
diesel::allow_tables_to_appear_in_same_query!(users, user_roles, grants, sessions, session_clients, identities);
diesel::allow_tables_to_appear_in_same_query!(roles, role_scopes);
diesel::allow_tables_to_appear_in_same_query!(audit_log, audit_persons, audit_seals);
diesel::allow_tables_to_appear_in_same_query!(registrations, clients);
diesel::allow_tables_to_appear_in_same_query!(registrations, grants);
diesel::allow_tables_to_appear_in_same_query!(registrations, codes);
diesel::allow_tables_to_appear_in_same_query!(registrations, consents);

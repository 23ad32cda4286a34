//! The tables as Diesel sees them; `migrations/` makes them, on both databases alike.

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
    }
}

diesel::table! {
    scopes (name) {
        name -> Text,
        description -> Text,
        built_in -> Bool,
        created_at -> BigInt,
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

diesel::joinable!(client_secrets -> clients (client_id));
diesel::joinable!(resource_introspectors -> resources (resource_uri));
diesel::joinable!(resource_introspectors -> clients (client_id));
diesel::allow_tables_to_appear_in_same_query!(
    clients,
    client_secrets,
    resources,
    resource_introspectors,
    revoked_tokens,
    signing_keys,
);

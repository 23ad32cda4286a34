//! The tables of signing in with others.

diesel::table! {
    upstreams (id) {
        id -> Text,
        name -> Text,
        document -> Text,
        sealed_secret -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    identities (id) {
        id -> Text,
        upstream_id -> Text,
        subject -> Text,
        user_id -> Text,
        email -> Nullable<Text>,
        linked_at -> BigInt,
        last_login_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    upstream_logins (hash) {
        hash -> Text,
        upstream_id -> Text,
        browser -> Text,
        way -> Text,
        user_id -> Nullable<Text>,
        identity -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

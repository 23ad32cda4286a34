//! Parameters of requests that have a type of their own, as the OpenAPI document lists them.

/// `parameter!(Type, Header or Query, schema, |request| value)`
macro_rules! parameter {
    ($Type:ident, $place:ident, $schema:expr, |$request:ident| $value:expr) => {
        impl<'a> poem_openapi::ApiExtractor<'a> for $Type {
            const TYPES: &'static [poem_openapi::ApiExtractorType] = &[poem_openapi::ApiExtractorType::Parameter];
            type ParamType = ();
            type ParamRawType = ();

            fn param_in() -> Option<poem_openapi::registry::MetaParamIn> {
                Some(poem_openapi::registry::MetaParamIn::$place)
            }

            fn param_schema_ref() -> Option<poem_openapi::registry::MetaSchemaRef> {
                Some($schema)
            }

            async fn from_request(
                $request: &'a poem::Request,
                _: &mut poem::RequestBody,
                _: poem_openapi::ExtractParamOptions<Self::ParamType>,
            ) -> poem::Result<Self> {
                Ok($value)
            }
        }
    };
}

pub(super) use parameter;

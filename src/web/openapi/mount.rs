use std::collections::HashMap;
use std::sync::Arc;

use poem::endpoint::BoxEndpoint;
use poem::{Endpoint, PathPattern, Request, Response, Route, RouteMethod};
use poem_openapi::__private::UrlQuery;
use poem_openapi::OpenApi;

/// The verbs of an address, for `Allow`; with the error of a request that came with another.
#[derive(Clone, Debug)]
pub struct Verbs(pub Arc<str>);

/// One address of an API: its operations by verb.
struct Place {
    pattern: Arc<str>,
    verbs: Arc<str>,
    operations: RouteMethod,
}

impl Endpoint for Place {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let query: Vec<(String, String)> = request.params().unwrap_or_default();
        request.extensions_mut().insert(UrlQuery(query));
        match self.operations.call(request).await {
            Ok(mut response) => {
                response.set_data(PathPattern(self.pattern.clone()));
                Ok(response)
            }
            Err(mut error) => {
                error.set_data(PathPattern(self.pattern.clone()));
                error.set_data(Verbs(self.verbs.clone()));
                Err(error)
            }
        }
    }
}

/// Adds an API's operations to a router.
pub fn mount<T: OpenApi>(route: Route, api: T) -> Route {
    let names: HashMap<String, String> = T::meta()
        .into_iter()
        .flat_map(|api| api.paths)
        .map(|path| (numbered(&path.path), path.path.replace('{', ":").replace('}', "")))
        .collect();
    let mut places: HashMap<String, HashMap<http::Method, BoxEndpoint<'static>>> = HashMap::new();
    api.add_routes(&mut places);
    places.into_iter().fold(route, |route, (path, operations)| {
        let pattern = names.get(&path).map_or(path.as_str(), String::as_str).into();
        let place = Place { pattern, verbs: verbs(operations.keys()), operations: by_verb(operations) };
        route.at(path, place)
    })
}

fn by_verb(operations: HashMap<http::Method, BoxEndpoint<'static>>) -> RouteMethod {
    operations.into_iter().fold(RouteMethod::new(), |all, (method, endpoint)| all.method(method, endpoint))
}

fn verbs<'a>(methods: impl Iterator<Item = &'a http::Method>) -> Arc<str> {
    let mut verbs: Vec<&str> = methods
        .flat_map(|method| if method == http::Method::GET { vec!["GET", "HEAD"] } else { vec![method.as_str()] })
        .collect();
    verbs.sort_unstable();
    verbs.join(", ").into()
}

/// A documented path as the library routes it: `/a/{id}/b/{name}` is `/a/:param0/b/:param1`.
fn numbered(path: &str) -> String {
    let mut number = 0;
    let parts = path.split('/').map(|part| {
        if part.starts_with('{') {
            number += 1;
            format!(":param{}", number - 1)
        } else {
            part.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Every operation of an API: id, verb and path with its names in braces.
pub fn operations<T: OpenApi>() -> Vec<(&'static str, String, String)> {
    let paths = T::meta().into_iter().flat_map(|api| api.paths);
    paths
        .flat_map(|path| {
            let at = path.path;
            path.operations
                .into_iter()
                .map(move |operation| (operation.operation_id.unwrap_or_default(), operation.method.to_string(), at.clone()))
        })
        .collect()
}

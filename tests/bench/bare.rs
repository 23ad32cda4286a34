//! The server to compare with: hyper alone, on the runtime that any server on tokio has, answering every request that
//! it has read to the end with 200 and a body of one length.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, header};
use hyper_util::rt::TokioIo;

use crate::fault::Fault;

pub fn serve(port: u16, length: usize) -> Result<(), Fault> {
    let body = Bytes::from(vec![b'x'; length]);
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(accept(port, body))
}

async fn accept(port: u16, body: Bytes) -> Result<(), Fault> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let body = body.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, body.clone()));
            // A connection that ends in an error was closed by the other side: there is nobody left to tell.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(mut request: Request<Incoming>, body: Bytes) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() == Method::POST {
        while let Some(Ok(frame)) = request.body_mut().frame().await {
            std::hint::black_box(frame);
        }
    }
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    Ok(response)
}

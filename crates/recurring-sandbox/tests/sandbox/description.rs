use crate::World;
use crate::ngenius::order;
use crate::receiver::Receiver;
use recurring_sandbox::{Fault, FaultKind, Sandbox};
use serde_json::Value;

/// Whether a value is as a schema says, with the few words of JSON Schema that the description uses.
fn fits(schemas: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        return fits(schemas, &schemas[name.rsplit('/').next().unwrap()], value);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = &schema["type"];
    let listed = |list: &Value, wanted: &Value| list.as_array().is_some_and(|list| list.contains(wanted));
    if !allowed.is_null() && allowed != kind && !listed(allowed, &kind.into()) {
        return Err(format!("{value} is not of type {allowed}"));
    }
    if !schema["enum"].is_null() && !listed(&schema["enum"], value) {
        return Err(format!("{value} is not listed"));
    }
    for item in value.as_array().into_iter().flatten() {
        fits(schemas, &schema["items"], item)?;
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            return Err(format!("{value} has no {name}"));
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(schema), _) => fits(schemas, schema, member)?,
            (None, schema @ Value::Object(_)) => fits(schemas, schema, member)?,
            (None, Value::Null) if schema["properties"].is_null() => {}
            (None, _) => return Err(format!("{name} is not described")),
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_path_answers_as_described() {
    let receiver = Receiver::start().await;
    let world = World::with(Sandbox::builder().with_webhook("ngenius", &receiver.url)).await;
    world.ngenius_create(&order("MONTHLY", "4111111111111111").to_string()).await;
    world.sandbox.settle().await;
    world.sandbox.inject(Fault::new(FaultKind::Cut { at: 3 }).with_probability(5, 1)).unwrap();
    let at = |path: &str| format!("{}{path}", world.sandbox.url());
    let described = world.call("GET", &at("/_sandbox/openapi.json"), &[], "").await;
    assert_eq!(described.content_type, "application/json");
    let described = described.json();
    assert_eq!(described["openapi"], "3.1.0");
    let schemas = &described["components"]["schemas"];
    for (path, methods) in described["paths"].as_object().unwrap() {
        let url = at(&path.replace("{number}", "1").replace("{section}", "requests"));
        for (method, operation) in methods.as_object().unwrap() {
            let content =
                operation["requestBody"]["content"].as_object().and_then(|content| content.iter().next());
            let (sent, bodies) = match content {
                None => ("text/plain", vec![String::new()]),
                Some((sent, content)) if sent == "application/json" => {
                    fits(schemas, &content["schema"], &content["example"]).unwrap();
                    (sent.as_str(), vec![content["example"].to_string(), r#"{"unknown":1}"#.to_owned()])
                }
                Some((sent, form)) => (
                    sent.as_str(),
                    vec![form["example"].as_str().unwrap().to_owned(), "unknown=1".to_owned()],
                ),
            };
            for (wrong, body) in bodies.into_iter().enumerate() {
                let reply = world.call(&method.to_uppercase(), &url, &[("content-type", sent)], &body).await;
                assert_eq!(wrong == 1, reply.status == 400, "{method} {path} {}", reply.text);
                let response = &operation["responses"][reply.status.to_string()];
                assert!(response.is_object(), "{method} {path}: {} is not described", reply.status);
                match response["content"].as_object().and_then(|content| content.iter().next()) {
                    None => assert_eq!(reply.text, ""),
                    Some((media_type, content)) => {
                        assert_eq!(reply.content_type.split(';').next(), Some(media_type.as_str()));
                        if let Some(schema) = content.get("schema") {
                            fits(schemas, schema, &reply.json())
                                .unwrap_or_else(|why| panic!("{path}: {why}"));
                        }
                    }
                }
            }
        }
        assert_eq!(world.call("PATCH", &url, &[], "").await.status, 405);
    }
}

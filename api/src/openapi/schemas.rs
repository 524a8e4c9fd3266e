//! What the derived schemas leave open.

use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Object, SchemaType};
use utoipa::openapi::{RefOr, Schema, Type};

/// Says of every object without members of its own, which are users' documents, that it may have any. Generators of
/// clients read an object about which nothing is said as one that is empty.
pub(super) fn open_documents(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => {
            if is_object(object) && object.properties.is_empty() && object.additional_properties.is_none() {
                object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
            }
            object.properties.values_mut().for_each(open_documents);
        }
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                open_documents(items);
            }
        }
        Schema::OneOf(one) => one.items.iter_mut().for_each(open_documents),
        Schema::AllOf(all) => all.items.iter_mut().for_each(open_documents),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(open_documents),
        _ => {}
    }
}

fn is_object(object: &Object) -> bool {
    match &object.schema_type {
        SchemaType::Type(kind) => *kind == Type::Object,
        SchemaType::Array(kinds) => kinds.contains(&Type::Object),
        SchemaType::AnyValue => false,
    }
}

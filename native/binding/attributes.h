#pragma once
// Attributes in NativeLearning of src/native.ts: what the catalogue says of items, as the ranker reads it.

#include <napi.h>

#include <memory>

#include "../state/attributes.h"

namespace kairank {

/// A NativeAttributeValues about `items` items. @throws Error(invalidArgument)
AttributeValues attributeValuesOf(uint32_t items, const Napi::Value& values);

/// A NativeAttributes, and what is behind it.
Napi::Object attributesObject(Napi::Env env, std::shared_ptr<const AttributesModel> model);
std::shared_ptr<const AttributesModel> attributesOf(const Napi::Value& value, const char* name);

/// Adds createAttributes and attributesFromTensors.
void addAttributes(Napi::Env env, Napi::Object learning);

}  // namespace kairank

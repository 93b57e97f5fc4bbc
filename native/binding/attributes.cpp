#include "attributes.h"

#include <utility>

#include "errors.h"
#include "handles.h"
#include "learned_objects.h"
#include "model_objects.h"
#include "parse_settings.h"

namespace kairank {

namespace {

constexpr napi_type_tag kAttributesTag = {0x6b6169726e6b4174u, 0x7472696275740001u};

Napi::Value attributeTensors(Napi::Env env, const AttributesModel& model) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("slots", arrayOf<Napi::Uint32Array>(env, model.slots));
  object.Set("numbers", model.numbers);
  object.Set("labels", arrayOf<Napi::Uint32Array>(env, model.labels));
  object.Set("quantiles", arrayOf<Napi::Float32Array>(env, model.quantiles));
  object.Set("cuts", arrayOf<Napi::Float64Array>(env, model.cuts));
  return object;
}

Napi::Value createAttributes(Arguments info) {
  return attributesObject(info.Env(), makeAttributes(attributeValuesOf(itemsOf(info[0]), info[1])));
}

Napi::Value attributesFromTensors(Arguments info) {
  const Napi::Object object = objectOf(info[1], "tensors");
  auto model = std::make_shared<AttributesModel>();
  model->items = itemsOf(info[0]);
  model->slots = vectorOf<uint32_t>(object.Get("slots"), "tensors.slots");
  model->numbers = wholeUpTo(object, "numbers", "tensors", 0, kMostNumberFields);
  model->labels = vectorOf<uint32_t>(object.Get("labels"), "tensors.labels");
  model->quantiles = vectorOf<float>(object.Get("quantiles"), "tensors.quantiles");
  model->cuts = vectorOf<double>(object.Get("cuts"), "tensors.cuts");
  completeAttributes(*model);
  return attributesObject(info.Env(), std::move(model));
}

}  // namespace

AttributeValues attributeValuesOf(uint32_t items, const Napi::Value& value) {
  const Napi::Object object = objectOf(value, "values");
  AttributeValues values;
  values.items = items;
  values.slots = vectorOf<uint32_t>(object.Get("slots"), "values.slots");
  values.labels = vectorOf<uint32_t>(object.Get("labels"), "values.labels");
  values.numbers = wholeUpTo(object, "numbers", "values", 0, kMostNumberFields);
  values.values = vectorOf<double>(object.Get("values"), "values.values");
  checkAttributes(values);
  return values;
}

Napi::Object attributesObject(Napi::Env env, std::shared_ptr<const AttributesModel> model) {
  const auto bytes = static_cast<int64_t>(model->labels.size() * 8 + model->quantiles.size() * 4);
  Napi::Object object = wrapHandle<const AttributesModel>(env, model, kAttributesTag, bytes);
  object.Set("tensors", Napi::Function::New(
                            env,
                            [model](const Napi::CallbackInfo& info) {
                              return guard(info.Env(), [&] { return attributeTensors(info.Env(), *model); });
                            },
                            "tensors"));
  return object;
}

std::shared_ptr<const AttributesModel> attributesOf(const Napi::Value& value, const char* name) {
  return unwrapHandle<const AttributesModel>(value, kAttributesTag, name);
}

void addAttributes(Napi::Env env, Napi::Object learning) {
  learning.Set("createAttributes", Napi::Function::New<guarded<createAttributes>>(env, "createAttributes"));
  learning.Set("attributesFromTensors",
               Napi::Function::New<guarded<attributesFromTensors>>(env, "attributesFromTensors"));
}

}  // namespace kairank

#include <kmscape/core/labellings.hpp>

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using kmscape::Index;
using kmscape::Label;
using kmscape::Labels;
using kmscape::internal::LabelCollection;
using kmscape::internal::name_by_first_point;

namespace {

Labels labels_of(std::initializer_list<Label> list) {
  Labels labels(static_cast<Index>(list.size()));
  std::copy(list.begin(), list.end(), labels.begin());
  return labels;
}

}  // namespace

TEST_CASE("cells are named in order of their first point, empty ones last, and one point may be left out") {
  auto labels = labels_of({3, 1, 3, 0, 1});
  CHECK(name_by_first_point(labels, 5).name == std::vector<Label>{2, 1, 3, 0, 4});
  CHECK((labels == labels_of({0, 1, 0, 2, 1})).all());
  auto divided = labels_of({3, 1, 3, 0, 1});
  CHECK(name_by_first_point(divided, 4, 0, 0).name == std::vector<Label>{2, 0, 3, 1});
  CHECK((divided == labels_of({3, 0, 1, 2, 0})).all());
}

TEST_CASE("keys are those of the partition, whatever its cells are called") {
  auto a = labels_of({3, 1, 3, 0, 1}), b = labels_of({0, 2, 0, 1, 2}), c = labels_of({0, 2, 0, 1, 1}), d = a;
  const auto key = name_by_first_point(a, 4).key;
  CHECK(name_by_first_point(b, 4).key == key);
  CHECK(name_by_first_point(c, 4).key != key);
  CHECK(name_by_first_point(d, 4, 1).key != key);
}

TEST_CASE("a collection knows labels that it has met, also where keys collide") {
  LabelCollection met;
  const auto a = labels_of({0, 1, 1}), b = labels_of({0, 1, 0});
  CHECK(met.add(7, a) == std::pair<Index, bool>{0, true});
  CHECK(met.add(7, b) == std::pair<Index, bool>{1, true});
  CHECK(met.add(7, a) == std::pair<Index, bool>{0, false});
  CHECK(met.add(7, b) == std::pair<Index, bool>{1, false});
}

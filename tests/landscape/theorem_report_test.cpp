#include <kmscape/landscape/theorem_report.hpp>

#include "support/catch.hpp"

using kmscape::HypothesisRole;
using kmscape::TheoremReport;
using kmscape::TheoremVerdict;

TEST_CASE("a theorem's verdict: silent, confirmed, or no minimum") {
  TheoremReport report;
  report.hypotheses = {{"eta", 2, 1, true, HypothesisRole::model}, {"stationary", 0, 0, true, HypothesisRole::minimum}};
  report.conclusions.resize(1);
  report.conclusions[0].holds = true;
  CHECK(report.verdict() == TheoremVerdict::confirmed);
  report.conclusions[0].holds = false;
  CHECK(report.verdict() == TheoremVerdict::not_a_minimum);  // the contrapositive
  report.hypotheses[0].met = false;
  CHECK(report.verdict() == TheoremVerdict::silent);
  report.hypotheses[1].met = false;
  CHECK(report.verdict() == TheoremVerdict::not_a_minimum);  // necessary whatever the model
  report.hypotheses[0].met = report.hypotheses[1].met = report.conclusions[0].holds = true;
  report.partition.gaps.push_back("cluster 0 is in no set S*_a");
  CHECK(report.verdict() == TheoremVerdict::not_a_minimum);
}

TEST_CASE("the counting defect is m - k less what the sets account for") {
  kmscape::TheoremPartition partition;
  partition.groups = {{kmscape::AssociationKind::many_fit_one, {0, 1, 2}, {0}},
                      {kmscape::AssociationKind::one_fit_many, {3}, {1, 2}}};
  partition.almost_empty = {4};
  CHECK(partition.counting_defect(5, 3) == 0);  // 5 - 3 = (3 - 1) + 1 - (2 - 1)
  CHECK(partition.counting_defect(6, 3) == 1);
}

TEST_CASE("theorem enums have their names") {
  using kmscape::ConclusionKind;
  CHECK(to_string(ConclusionKind::one_fit_one) == "one_fit_one");
  CHECK(to_string(ConclusionKind::many_fit_one) == "many_fit_one");
  CHECK(to_string(ConclusionKind::one_fit_many) == "one_fit_many");
  CHECK(to_string(ConclusionKind::almost_empty) == "almost_empty");
  CHECK(to_string(ConclusionKind::near_cut_cluster) == "near_cut_cluster");
  CHECK(to_string(ConclusionKind::holds_cluster) == "holds_cluster");
  CHECK(to_string(ConclusionKind::grazes_cluster) == "grazes_cluster");
  CHECK(to_string(ConclusionKind::near_mean) == "near_mean");
  CHECK(to_string(TheoremVerdict::confirmed) == "confirmed");
  CHECK(to_string(TheoremVerdict::not_a_minimum) == "not_a_minimum");
  CHECK(to_string(TheoremVerdict::silent) == "silent");
}

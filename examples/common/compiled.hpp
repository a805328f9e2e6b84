// What many of this project's programs use of the library, compiled once (compiled.cpp) and not once a program.
//
// The precompiled header of the tests and the examples includes this; nothing depends on it but the time of a build.
#pragma once

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>

#include <kmscape/kmscape.hpp>

#ifndef KMSCAPE_COMPILED
#define KMSCAPE_COMPILED extern template
#endif

KMSCAPE_COMPILED class Eigen::ColPivHouseholderQR<Eigen::MatrixXd>;
KMSCAPE_COMPILED class Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd>;
KMSCAPE_COMPILED class Eigen::HouseholderQR<Eigen::MatrixXd>;
KMSCAPE_COMPILED class Eigen::JacobiSVD<Eigen::MatrixXd>;
KMSCAPE_COMPILED class Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>;
KMSCAPE_COMPILED Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>&
Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>::compute(const Eigen::EigenBase<Eigen::MatrixXd>&, int);

namespace kmscape {

using PlainData = EmpiricalObjective<double>;
using PlainBalls = PopulationObjective<StochasticBallModel<double>>;
using PlainGaussians = PopulationObjective<GaussianMixtureModel<double>>;

namespace internal {

KMSCAPE_COMPILED class BruteEngine<double>;
KMSCAPE_COMPILED class HamerlyEngine<double>;
KMSCAPE_COMPILED class ElkanEngine<double>;
KMSCAPE_COMPILED class YinyangEngine<double>;
KMSCAPE_COMPILED class BruteEngine<float>;
KMSCAPE_COMPILED class HamerlyEngine<float>;
KMSCAPE_COMPILED class ElkanEngine<float>;
KMSCAPE_COMPILED class YinyangEngine<float>;
KMSCAPE_COMPILED class ExactSums<double>;
KMSCAPE_COMPILED class ExactSums<float>;
KMSCAPE_COMPILED class DistortionSums<double>;
KMSCAPE_COMPILED class DistortionSums<float>;
KMSCAPE_COMPILED struct CoordinateRanges<double>;
KMSCAPE_COMPILED struct DataLayout<double>;
KMSCAPE_COMPILED class RoundWorker<double>;
KMSCAPE_COMPILED class Seeder<PlainData>;

KMSCAPE_COMPILED class ActiveSet<double, Eigen::Dynamic>;
KMSCAPE_COMPILED class PopulationIntegrator<SpanMixture>;
KMSCAPE_COMPILED CenterSpan center_span(const std::vector<Eigen::MatrixXd>&, const SpanMixture&, Integrator,
                                        std::string_view);
KMSCAPE_COMPILED std::vector<HalfSpaces> cell_regions(const Eigen::MatrixXd&);
KMSCAPE_COMPILED std::vector<MomentTable> moment_tables(const std::vector<HalfSpaces>&, Index, const SpanMixture&,
                                                        const RayRule&, bool);
KMSCAPE_COMPILED std::vector<MomentTable> cell_tables_by_rays(const std::vector<HalfSpaces>&, Index, const SpanMixture&,
                                                              const RayRule&);
KMSCAPE_COMPILED std::vector<std::vector<Eigen::ArrayXXd>> face_replicates(const FaceRegion&, const CenterSpan&,
                                                                           const Eigen::MatrixXd&,
                                                                           const Eigen::VectorXd&,
                                                                           const std::vector<Eigen::MatrixXd>&, double);
KMSCAPE_COMPILED FaceMoments face_moments(const FaceRegion&, const CenterSpan&, const Eigen::MatrixXd&,
                                          const Eigen::VectorXd&, const std::vector<Eigen::MatrixXd>&);
KMSCAPE_COMPILED void measure_cells(CandidateGeometry&);
KMSCAPE_COMPILED CandidateFace measure_face(const VoronoiFace<double>&, CandidateGeometry&);

}  // namespace internal

KMSCAPE_COMPILED class EmpiricalObjective<double>;
KMSCAPE_COMPILED LloydResult<double> lloyd(const PlainData&, const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                           const LloydOptions&);
KMSCAPE_COMPILED SeedingResult<double> seed_centers(const PlainData&, Index, const SeedingOptions&, RandomStream&);
KMSCAPE_COMPILED Survey<double> survey(const PlainData&, const SurveyOptions&);
KMSCAPE_COMPILED Survey<double> survey(const PlainData&, std::span<const FittedCenters<double>>, const SurveyOptions&);
KMSCAPE_COMPILED Certificate<double> certify(const PlainData&, const Eigen::MatrixBase<Eigen::MatrixXd>&);
KMSCAPE_COMPILED ChooseKResult<double> choose_k(const PlainData&, const ChooseKOptions&);
KMSCAPE_COMPILED StuckTest<double> stuck_test(const PlainData&, const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                              const StuckOptions&);

KMSCAPE_COMPILED LeastNormPoint<double, Eigen::Dynamic> least_norm_point<double, Eigen::Dynamic>(
    const Points<double, Eigen::Dynamic>&, const Eigen::Array<double, Eigen::Dynamic, 1>&);
KMSCAPE_COMPILED VoronoiCell<double, Eigen::Dynamic> polyhedral_cell(const Eigen::MatrixBase<Eigen::MatrixXd>&, Index);
KMSCAPE_COMPILED VoronoiFace<double, Eigen::Dynamic> voronoi_face(const Eigen::MatrixBase<Eigen::MatrixXd>&, Index,
                                                                  Index);
KMSCAPE_COMPILED FaceDensity gaussian_face_density(const VoronoiFace<double>&, const Eigen::VectorXd&, double, double,
                                                   Index, const FaceDensityOptions&);

KMSCAPE_COMPILED EscapeResult<double> escape(const PlainData&, const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                             const EscapeOptions&);
KMSCAPE_COMPILED Network<double> transition_states(const PlainData&, const Survey<double>&, const TransitionOptions&);

KMSCAPE_COMPILED Matching<double> minimum_cost_matching(const Eigen::MatrixBase<Eigen::MatrixXd>&);
KMSCAPE_COMPILED BalancedAssignment<double> assign_balanced(const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                                            const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                                            const Capacities&, const BalancedOptions&);
KMSCAPE_COMPILED BallotResult<double, Eigen::Dynamic> ballot(const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                                             const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                                             const BallotOptions&);
KMSCAPE_COMPILED EntropicBallotResult<double, Eigen::Dynamic> entropic_ballot(const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                                                              const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                                                              const EntropicOptions&);
KMSCAPE_COMPILED AminiLevinaResult<double> amini_levina(const Eigen::MatrixBase<Eigen::MatrixXd>&, Index,
                                                        const AminiLevinaOptions&);

KMSCAPE_COMPILED Labels constrained_lsa(const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                        const Eigen::MatrixBase<Eigen::MatrixXd>&, const Counts&);
KMSCAPE_COMPILED Transition transition(const Eigen::MatrixBase<Eigen::MatrixXd>&, const Labels&,
                                       const Eigen::MatrixBase<Eigen::MatrixXd>&, const Labels&,
                                       const Eigen::MatrixBase<Eigen::MatrixXd>&, const TransitionSequenceOptions&);
KMSCAPE_COMPILED TransitionVerification verify(const Eigen::MatrixBase<Eigen::MatrixXd>&, const Transition&,
                                               const VerifyOptions&);

KMSCAPE_COMPILED class PopulationObjective<StochasticBallModel<double>>;
KMSCAPE_COMPILED class PopulationObjective<StochasticBallModel<double, 2>>;
KMSCAPE_COMPILED class PopulationObjective<GaussianMixtureModel<double>>;
KMSCAPE_COMPILED PopulationCertificate<double> certify(const PlainBalls&, const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                                       const PopulationCertificateOptions&);
KMSCAPE_COMPILED PopulationCertificate<double> certify(const PlainGaussians&, const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                                       const PopulationCertificateOptions&);
KMSCAPE_COMPILED StationaryPoint<double> stationary_point(const PlainBalls&, const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                                          const StationaryPointOptions&);
KMSCAPE_COMPILED StationaryPoint<double> stationary_point(const PlainGaussians&,
                                                          const Eigen::MatrixBase<Eigen::MatrixXd>&,
                                                          const StationaryPointOptions&);
KMSCAPE_COMPILED PopulationSurvey<double> survey(const PlainBalls&, const SurveyOptions&);
KMSCAPE_COMPILED PopulationSurvey<double> survey(const PlainGaussians&, const SurveyOptions&);

KMSCAPE_COMPILED std::vector<NecessaryCondition> necessary_conditions(const CandidateGeometry&);
KMSCAPE_COMPILED std::vector<Hypothesis> minimum_rows(const CandidateGeometry&, double);
KMSCAPE_COMPILED OpposingDirection opposing_directions(const CandidateGeometry&);
KMSCAPE_COMPILED TheoremReport theorem1(const CandidateGeometry&, double, const TheoremOptions&);
KMSCAPE_COMPILED TheoremReport theorem2(const CandidateGeometry&, double, const TheoremOptions&);

}  // namespace kmscape

// refused: pass Eigen::Map<const Eigen::MatrixXd>(a.data(), d, n)
#include <kmscape/core/points.hpp>

int main() { kmscape::internal::refuse_row_major<Eigen::Matrix<double, 2, Eigen::Dynamic, Eigen::RowMajor>>(); }

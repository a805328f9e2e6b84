# One iteration along n, d and k, on logarithmic axes.
# Usage: gnuplot -e "data = 'scaling.dat'; picture = 'scaling.png'" scaling.gp
set terminal pngcairo size 1650, 620 font "sans,13" background rgb "white"
set output picture
set multiplot layout 1, 3 margins 0.055, 0.985, 0.13, 0.83 spacing 0.04, 0 \
  title "One iteration of Lloyd, float, one thread: milliseconds" font "sans,17" offset 0, -0.4

peers = "kmscape scikit-learn FAISS OpenCV dlib"
colours = "#0072B2 #E69F00 #009E73 #CC79A7 #7F7F7F"
marks = "7 5 9 11 13"
# A peer that was not there has no block in the file.
has(name) = int(system(sprintf("grep -c '^# %s-n$' '%s' || true", name, data)))
present = ""
do for [p = 1:words(peers)] { if (has(word(peers, p)) > 0) { present = sprintf("%s %d", present, p) } }
name(p) = word(peers, p + 0)

set logscale xy
set grid xtics ytics linecolor rgb "#E6E6E6" linetype 1 linewidth 1
set border 3 linecolor rgb "#808080"
set tics nomirror out scale 0.7, 0 textcolor rgb "#303030"
set yrange [0.01:1000]
set ytics ("0.01" 0.01, "0.1" 0.1, "1" 1, "10" 10, "100" 100, "1000" 1000)

do for [panel = 1:3] {
  axis = word("n d k", panel)
  set title word("'d = 8, k = 100' 'n = 20 000, k = 100' 'n = 100 000, d = 8'", panel) font "sans,14" textcolor rgb "#303030"
  set xlabel axis font "sans-Italic,15" offset 0, 0.2
  if (axis eq "n") {
    set xrange [700:1.4e6]
    set xtics ("1 000" 1e3, "10 000" 1e4, "100 000" 1e5, "1 000 000" 1e6)
    set key top left reverse Left spacing 1.25 samplen 2.5 font "sans,14"
  }
  if (axis eq "d") {
    set xrange [0.8:640]
    set xtics ("1" 1, "2" 2, "4" 4, "8" 8, "16" 16, "32" 32, "64" 64, "128" 128, "256" 256, "512" 512)
    set key off
  }
  if (axis eq "k") {
    set xrange [1.6:1250]
    set xtics ("2" 2, "5" 5, "10" 10, "20" 20, "50" 50, "100" 100, "200" 200, "500" 500, "1000" 1000)
  }
  # kmscape last, on top of the others.
  plot for [p in present] NaN with linespoints linecolor rgb word(colours, p + 0) linewidth (p + 0 == 1 ? 4 : 2) \
         pointtype (word(marks, p + 0) + 0) pointsize 1.3 title name(p), \
       for [i = words(present):1:-1] data index (name(word(present, i)) . "-" . axis) using 1:2 with linespoints \
         linecolor rgb word(colours, word(present, i) + 0) linewidth (word(present, i) + 0 == 1 ? 4 : 2) \
         pointtype (word(marks, word(present, i) + 0) + 0) pointsize 1.3 notitle
}
unset multiplot

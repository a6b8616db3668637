# The blocks of a document: writes OUT/NN (the text) and OUT/NN.expect (what its mark says; empty without one).
# Markdown: a fence, with <!-- block: MARK --> on the line before. Manual page: .Bd -literal, with .\" block: MARK.
# Help: the lines below "Example:" or "Examples:".
function begin() { number++; file = sprintf("%s/%02d", out, number); printf "" > file; print mark > (file ".expect"); inside = 1 }
function end() { close(file); close(file ".expect"); inside = 0; mark = "" }
kind == "md" && /^```/ { if (inside) end(); else begin(); next }
kind == "man" && /^\.Bd -literal/ { begin(); next }
kind == "man" && /^\.Ed/ { end(); next }
kind == "help" && /^Examples?:/ { begin(); next }
kind == "help" && inside && !/^  / { end(); next }
inside {
    if (kind == "man") { gsub(/\\e/, "\\"); gsub(/\\&/, "") }
    if (kind == "help") sub(/^  /, "")
    print > file
    next
}
kind == "md" && /^<!-- block: .* -->$/ { mark = $0; sub(/^<!-- block: /, "", mark); sub(/ -->$/, "", mark); next }
kind == "man" && /^\.\\" block: / { mark = $0; sub(/^\.\\" block: /, "", mark); next }
{ mark = "" }

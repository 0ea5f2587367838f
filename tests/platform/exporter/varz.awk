# The numbers of /varz (indented JSON) as gnatsd_varz_<path>{server_id="…"} <number>.
{
    sub(/,$/, ""); gsub(/^[ \t]+/, "")
    if ($0 ~ /^"[^"]+": \{$/) { split($0, part, "\""); path[++depth] = part[2]; next }
    if ($0 == "}") { if (depth) depth--; next }
    if ($0 !~ /^"[a-z_0-9]+": -?[0-9.]+$/) next
    split($0, part, "\"")
    name = "gnatsd_varz"
    for (i = 1; i <= depth; i++) name = name "_" path[i]
    value = $0; sub(/^.*: /, "", value)
    printf "%s_%s{server_id=\"%s\"} %s\n", name, part[2], server, value
}

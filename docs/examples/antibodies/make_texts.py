"""Write pairs.txt, sentences.txt and prompts.txt from human germline V genes.

    pip download --no-deps abstar==0.8.0 anarci==2026.2.13.2
    for wheel in *.whl; do python3 -m zipfile -e "$wheel" wheels; done
    python3 make_texts.py wheels

Sequences are translations of the genes that abstar contains, which are those of OGRDB, release of
2024-10-12 (https://ogrdb.airr-community.org/germline_sets/Homo%20sapiens). Positions are IMGT's, as
ANARCI contains the same genes. A gene of which the two packages have different amino acids is left out,
and so is one whose protein another gene has too. ANARCI ends with the framework or a few acids after it,
and so do the sequences.
"""

import importlib.util
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

BASES = "TCAG"
AMINO_ACIDS = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
CODONS = {
    first + second + third: AMINO_ACIDS[16 * i + 4 * j + k]
    for i, first in enumerate(BASES)
    for j, second in enumerate(BASES)
    for k, third in enumerate(BASES)
}

# The framework of a variable region in IMGT's positions, counted from 1.
FRAMEWORK = [*range(1, 27), *range(39, 56), *range(66, 105)]

# Genes of these subgroups are in the pairs and sentences, those of all others in the prompts.
SELECTION = {"IGHV1", "IGHV3", "IGKV1", "IGKV2", "IGLV1", "IGLV3"}

# The number of genes in the pairs and in the prompts.
GENES_OF_PAIRS = 30
GENES_OF_PROMPTS = 24

HERE = Path(__file__).parent


def translated(wheels):
    """The amino acids of each allele."""
    fasta = wheels / "abstar/germline_dbs/bcr/human/ungapped/v.fasta"
    proteins = {}
    for entry in fasta.read_text().split(">")[1:]:
        title, *lines = entry.splitlines()
        bases = "".join(lines).upper()
        codons = (bases[start : start + 3] for start in range(0, len(bases) - 2, 3))
        proteins[title.split("__")[0]] = "".join(CODONS.get(codon, "X") for codon in codons)
    return proteins


def numbered(wheels):
    """The amino acids of each allele at IMGT's positions, with `-` where there is none."""
    spec = importlib.util.spec_from_file_location("germlines", wheels / "anarci/germlines.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    chains = module.all_germlines["V"]
    return {allele: row for chain in "HKL" for allele, row in chains[chain]["human"].items()}


def subgroup(gene):
    return re.match(r"IG[HKL]V\d+", gene).group()


def gene_order(gene):
    """Genes as one counts them: IGHV3-7 before IGHV3-11."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", gene)]


def germlines(wheels):
    """For each gene its protein, and the same at IMGT's positions: the first allele that both packages have."""
    proteins, rows = translated(wheels), numbered(wheels)
    genes, seen = {}, set()
    for allele in sorted(set(proteins) & set(rows), key=gene_order):
        gene = allele.split("*")[0]
        protein = rows[allele].replace("-", "")
        is_same = proteins[allele].startswith(protein) and set(protein) <= set("ACDEFGHIKLMNPQRSTVWY")
        is_whole = all(rows[allele][position - 1] != "-" for position in (1, 23, 41, 104))
        if gene not in genes and is_same and is_whole and protein not in seen:
            genes[gene] = (protein, rows[allele])
            seen.add(protein)
    return genes


def variable_positions(genes):
    """The positions of each chain's framework at which some genes have leucine and others valine."""
    found = {}
    for chain in "HKL":
        rows = [row for gene, (_, row) in genes.items() if gene[2] == chain]
        counts = {position: Counter(row[position - 1] for row in rows) for position in FRAMEWORK}
        found[chain] = [p for p, count in counts.items() if min(count["L"], count["V"]) >= 2]
    return found


def spread(genes, count):
    """So many of the genes, evenly spaced."""
    return [genes[index * len(genes) // count] for index in range(count)]


def lines(genes, names, positions, brace):
    """A line for each gene and each of its two acids, at the position that lines of its chain have had least often."""
    used = defaultdict(Counter)
    text = ""
    for gene in names:
        protein, row = genes[gene]
        chain = gene[2]
        for acid, other in ("LV", "VL"):
            places = [position for position in positions[chain] if row[position - 1] == acid]
            if not places:
                continue
            position = min(places, key=lambda place: (used[chain, acid][place], place))
            used[chain, acid][position] += 1
            place = position - 1 - row[: position - 1].count("-")
            letters = [*protein[:place], brace(acid, other), *protein[place + 1 :]]
            text += f"group={gene}\t{' '.join(letters)}\n"
    return text


def write(name, explanation, text):
    comment = "".join(f"# {line}\n" for line in explanation)
    (HERE / name).write_text(f"# Human germline V genes, written by make_texts.py.\n{comment}\n{text}")


def main(wheels):
    genes = germlines(wheels)
    positions = variable_positions(genes)
    selection = [gene for gene in genes if subgroup(gene) in SELECTION]
    others = [gene for gene in genes if gene not in selection]
    write(
        "pairs.txt",
        ["Leucine (L) on side a and valine (V) on side b, one of which is the gene's own."],
        lines(genes, spread(selection, GENES_OF_PAIRS), positions, lambda acid, other: "{L|V}"),
    )
    write(
        "sentences.txt",
        ["The genes' own leucine or valine in braces."],
        lines(genes, selection, positions, lambda acid, other: f"{{{acid}}}"),
    )
    write(
        "prompts.txt",
        ["The gene's own acid comes first. No subgroup of genes is in the other two files."],
        lines(genes, spread(others, GENES_OF_PROMPTS), positions, lambda acid, other: f"{{{acid}|{other}}}"),
    )
    print(f"{len(genes)} genes; IMGT positions by chain: {positions}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

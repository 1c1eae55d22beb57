a = "%%{a}" 
b = "$${a}%%{b}"
c = "%{if x}%%{y}%{endif}"

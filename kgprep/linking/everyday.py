"""Words too usual to be a name by themselves: in lower case they never name a film, a person or a company.

The list holds what people say in every talk about films; it is short on purpose, since a word that is missing costs
one false link while a word too many hides a title.
"""

from __future__ import annotations

_FUNCTION_WORDS = """
a about above across after again against ago all almost alone along already also although always am among an and
another any anybody anyone anything anyway anywhere are aren around as at away back be became because become been
before behind being below beside between beyond both but by came can cannot come could did do does doing don done down
during each eight either else enough even ever every everybody everyone everything everywhere except few first five
for forever four from further get gets getting go goes going gone got had has have having he hence her here hers
herself him himself his how however i if in inside instead into is it its itself just last later least less like
likely lot lots made make makes many may maybe me mean might mine more most much must my myself near need never next
nine no nobody none nor not nothing now nowhere of off often oh ok okay on once one ones only onto or other others
ought our ours ourselves out outside over own per perhaps please quite rather really same seem seen seven several
shall she should since six so some somebody somehow someone something sometimes somewhere soon still such sure ten ter
than that the their theirs them themselves then there these they thing things this those though three through thus
till to today together tomorrow tonight too toward two under unless until up upon us use used very via was we well
went were what whatever when whenever where whether which while who whoever whole whom whose why will with within
without won would yeah yep yes yesterday yet you your yours yourself
"""
_TALK_ABOUT_FILMS = """
action actor actors actress adventure alien aliens amazing animals animated animation awesome awful baby bad based
beautiful bet big bit black blue book books boring boy boys bye cameo car cartoon cast catch chance check checking
cheers cheesy child children christmas classic classics clean close club comedy cool couple crazy creepy cute dad dark
date daughter day days dead deal death decent definitely different director dog dogs dream drive dude edge election
emotional end ending enemy enjoy enjoyed entertaining epic evening excellent eyes face fall family fan fans fantastic
fast father favorite favourite feel fiction fight film films find fine fire flick flicks found free friend friends
frozen full fun funny future game games gift girl girls give glad good goodbye great gross group guess guy guys happen
happy hard hate haven hear heard heart heat heavy hello helo help helpful hero heroes hey hi high hilarious history
hit hold home hope horror hot hour hours house huge human husband idea impossible interested interesting job joy keep
kid kids kill kind kinds king know lady late laugh learn legend let life light line list little live lol long look
looking lost love loved lucky mad magic man married match maybe men mind miss mom moment money monster months mother
movie movies murder music mystery name new nice night old original part party people perfect person picture pictures
play played plot police popular power pretty probably prom queen question quick quiet ran ready real reason recommend
recommendation recommendations red release remake remember ride right rock role romantic room run sad save saw say
scared scary school score sea second secret see sequel series serious share shot show shows sick side signs silly
simple single sister sleep slow small smart sorry sound sounds space special speed star start stay stop stories story
strange street strong stuff stupid style suggest suggestion suggestions summer super superhero sweet taken talk taste
team tell terrible thank thanks theater think thinking thought thrill time title together top totally touch town
trailer train travel tried true trust try turn type types unique usual version view wait want war watch watched
watching water way week weekend weird welcome west white wife wild win wish witty woman women wonder wonderful word
work world worst worth wow write wrong year years young
"""

EVERYDAY_WORDS = tuple(sorted(set((_FUNCTION_WORDS + _TALK_ABOUT_FILMS).split())))

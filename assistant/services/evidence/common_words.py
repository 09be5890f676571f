"""Words that say little in any text of their language, so that their absence proves nothing."""

# Words of many scripts.
# ruff: noqa: RUF001

from assistant.terms import fold

_LISTS = """
a about above according after again against all almost already also although always am among an
and another any anyone are around as at away be because become becomes been before being below
between both but by called can cannot come comes could day did do does doing done don down during
each either else even ever every everybody everyone few following for from further get gets give
given gives go goes got had has have having he her here hers him his how however i if in inside
instead into is it its itself just keep know known last later least less let like likely long made
make makes many may me means might more moreover most much must my need needs neither never no
nobody nor not nothing now of off often on once one ones only onto or other others our out over
own people per perhaps please provided put rather really regarding requires s said same say says
see set several shall she should since so some someone something soon still such sure take takes
than that the their them then there therefore these they thing things this those though through
thus time to together too toward two under unless until up upon us use used uses using usually
very via want was way we well were what whatever when whenever where whereas whether which while
who whoever whom whose why will with within without would yes yet you your yours

au aucun aussi autre autres aux avant avec avoir ayant ca car ce ceci cela celle celles celui
cependant ces cet cette ceux chaque chez comme comment contre dans de depuis des deux doit doivent
donc dont du elle elles en encore entre es est et etaient etait etant ete etes etre eux fait faire
faut fois font ici il ils je la le les leur leurs lors lorsque lui ma mais meme memes mes moins
mon ne ni non nos notre nous on ont ou par parce pas peut peuvent peu plus plutot pour pourquoi
puis quand que quel quelle quelles quels qui quoi sa sans se selon sera seront ses si sinon soit
son sont sous sur ta tant te tel telle tes toi ton tous tout toute toutes tres tu un une va vers
voici voila vos votre vous y

ab aber alle allem allen aller alles als also am an andere anderen anderer anders auch auf aus bei
beim bereits bin bis bist da dabei dadurch dafur daher damit danach dann daran darauf darf darin
das dass dazu dein dem den denen denn der deren des dessen desto die dies diese diesem diesen
dieser dieses dir doch dort du durch durfen eben ein eine einem einen einer eines einige er es
etwa etwas euch fur ganz gegen gibt hab habe haben hat hatte hatten hier hin hinter ich ihm ihn
ihnen ihr ihre ihrem ihren ihrer im immer in indem ins ist ja jede jedem jeden jeder jedes jedoch
jetzt kann kein keine keinem keinen keiner konnen machen man mehr mein mich mir mit muss mussen
nach nachdem nein nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seit
selbst sich sie sind so sobald sofern solche soll sollen sollte sondern sonst sowie uber um und
uns unser unter viel viele vom von vor wahrend war waren warum was weder wegen weil welche welcher
wenn wer werden wie wieder wir wird wo wohl wurde wurden zu zum zur zwar zwischen

algo alguna algunas alguno algunos alli ante antes aqui aquel aquella asi aun aunque bajo bien
cada casi como con contra cual cuales cuando cuanto de debe deben del desde donde dos durante el
ella ellas ellos entonces entre era eran eres es esa esas ese eso esos esta estaba estan estar
estas este esto estos fue fueron ha haber habia hace hacer hacia han hasta hay la las le les lo
los luego mas me menos mi mientras mismo mucho muy nada ni ningun ninguna no nos nosotros o os
otra otras otro otros para pero poco por porque pueda puede pueden pues que quien quienes se sea
segun ser si sido siempre sin sino sobre solo son su sus tal tambien tampoco tan tanto te tener ti
tiene tienen toda todas todo todos tras tu tus un una unas uno unos usted y ya yo

ad agli ai al alla alle allo anche ancora avere aveva ben che chi ci cio coi col come con cosa
cosi cui da dagli dai dal dalla dalle dallo degli dei del della delle dello deve devono di dopo
dove due e ed era erano essere fa fino fra gia gli ha hanno ho i il in io la le lei li lo loro lui
ma mai mentre mi mia mio molto ne negli nei nel nella nelle nello noi non nostro o ogni oltre per
perche piu poi prima proprio puo quale quali quando quanto quella quelle quelli quello questa
queste questi questo qui quindi sara se sei sempre senza si sia sono sopra sotto sta stato stesso
su sua sue sugli sui sul sulla suo suoi tra tutta tutte tutti tutto un una uno va vi voi

ao aos aquela aquele ate bem cada com como da das de dela dele depois do dos e ela elas ele eles
em enquanto entre era essa esse esta estao estar estas este estes eu foi foram ha isso isto ja la
lhe mais mas me mesmo meu minha muito na nao nas nem no nos nossa nosso num numa o os ou outra
outro para pela pelas pelo pelos pode podem por porque qual quando que quem sao se sem sempre ser
seu seus so sobre sua suas tambem tem ter toda todas todo todos tudo um uma umas uns voce

aan af al alle als altijd andere bij daar dan dat de deze die dit doen door dus een elke en er
geen had heb hebben heeft het hier hij hoe hun iets ik in is ja je kan kunnen maar maken me meer
men met mij moet moeten na naar niet niets nog nu of om omdat onder ons ook op over te tegen toch
toen tot u uit uw van veel voor want waren was wat we wel welke werd wie wij wil worden wordt zal
ze zelf zich zij zijn zo zonder zou

без более бы был была были было быть в вам вас весь во вот все всего всех вы где да даже для до
его ее если есть еще же за здесь и из или им их к как какая какой ко когда кто ли либо между меня
мне может можно мы на над надо наш не него нее нет ни них но ну о об однако он она они оно от
перед по под после потом потому почти при про раз с сам свое свои свой со так также там те тем то
того тоже только том тот тут ты у уже хотя чего чей чем что чтобы эта эти это этого этой этом этот
я

al إلى أن أو إذا التي الذي على عن عند في كان كل كما لا لم لن له لها ما مع من هذا هذه هل هو هي وهو
و
"""
COMMON = frozenset(fold(_LISTS).split())
